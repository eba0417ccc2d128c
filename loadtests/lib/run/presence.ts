import { askLastSeen } from '../earshot/http.ts'
import type { EarshotUser } from '../earshot/user.ts'
import { PresenceJudge, type Told } from '../judge/presence-judge.ts'
import { target, whole } from './env.ts'
import { countFault, metrics } from './metrics.ts'
import { sleep, until } from './wait.ts'

/** Milliseconds within which a change that a client made by itself (coming, a clean leave) must be known everywhere. */
export const atOnceMs = whole('PRESENCE_MS', 3_000, { ci: 15_000 })
/** Milliseconds within which a lost connection must be known: the cluster's grace, a lease and a sweep. */
export const afterLossMs = whole('PRESENCE_LOSS_MS', 23_000, { ci: 45_000 })

/** Milliseconds: the cluster's ping interval, and 2 s for delays and clocks. */
const lastSeenToleranceMs = whole('LAST_SEEN_TOLERANCE_MS', 17_000)
/** The same, and the time until a lease is renewed. */
const onlineStaleMs = whole('ONLINE_STALE_MS', 23_000)
/** Less than the grace period in which a lost connection may come back. */
const flickerMs = whole('FLICKER_MS', 3_000)
/** Users in one question; the server's limit is 500. */
const usersPerQuestion = 200

export function presenceJudge(): PresenceJudge {
  return new PresenceJudge(
    {
      check: () => metrics.presenceChecks.add(1),
      lag: (ms) => metrics.presenceLag.add(ms),
      flicker: (detail) => countFault(metrics.flickers, 'presence_flickers', detail),
      fault: (detail) => countFault(metrics.presenceErrors, 'presence_errors', detail),
    },
    { lastSeenMs: lastSeenToleranceMs, onlineStaleMs, flickerMs },
  )
}

/** The user says goodbye, which everybody is to know at once. */
export function leave(judge: PresenceJudge, user: EarshotUser): void {
  judge.becomes(user.userId, false, Date.now(), atOnceMs)
  user.socket.disconnect()
}

/** Subscribes to others; what is told of them the judge learns by the watcher's events. */
export async function watch(judge: PresenceJudge, watcher: EarshotUser, userIds: string[]): Promise<void> {
  judge.watches(watcher.device, userIds)
  await watcher.subscribe(userIds)
}

/** Waits until all watchers know the truth, `patienceMs` at most, then compares it with what everybody says. */
export async function concludePresence(
  judge: PresenceJudge,
  asker: EarshotUser,
  patienceMs: number,
): Promise<void> {
  await until(() => judge.everybodyKnows(), patienceMs)
  judge.conclude()
  await askAboutAll(judge, asker)
}

/** Asks over HTTP about everybody. */
export async function askAboutAll(judge: PresenceJudge, asker: EarshotUser): Promise<void> {
  const users = judge.users()
  for (let at = 0; at < users.length; at += usersPerQuestion) {
    const some = users.slice(at, at + usersPerQuestion)
    const askedAt = Date.now()
    try {
      const answer = await askLastSeen({ target, token: asker.token }, some)
      judge.answeredAll(`${asker.device} (HTTP)`, some, answer.map(told), askedAt)
    } catch (error) {
      countFault(metrics.presenceErrors, 'presence_errors', String(error))
      await sleep(100)
    }
  }
}

export function told(user: { _id: string; isOnline: boolean; lastSeen: string | null }): Told {
  return { userId: user._id, isOnline: user.isOnline, lastSeen: user.lastSeen }
}
