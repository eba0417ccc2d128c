import { askLastSeen } from '../earshot/http.ts'
import type { EarshotUser } from '../earshot/user.ts'
import { PresenceJudge, type Told } from '../judge/presence-judge.ts'
import { limit, target, whole } from './env.ts'
import { countFault, metrics } from './metrics.ts'
import { sleep, until } from './wait.ts'

/** Milliseconds within which a change that a client made by itself (coming, a clean leave) must be known everywhere. */
export const atOnceMs = limit('PRESENCE_MS', 3_000, { loose: 20_000 })
/** Milliseconds within which a lost connection must be known: the cluster's grace, a lease and a sweep. */
export const afterLossMs = limit('PRESENCE_LOSS_MS', 23_000, { loose: 60_000 })

/** Milliseconds: the cluster's ping interval, and 2 s for delays and clocks. */
const lastSeenToleranceMs = limit('LAST_SEEN_TOLERANCE_MS', 17_000, { loose: 60_000 })
/** The same, and the time until a lease is renewed. */
const onlineStaleMs = limit('ONLINE_STALE_MS', 23_000, { loose: 90_000 })
/** The cluster's own for `/user/lastSeen`. */
const cacheMs = whole('LAST_SEEN_CACHE_MS', 1_000)
/** Less than the grace period in which a lost connection may come back. */
const flickerMs = whole('FLICKER_MS', 3_000)
const askEveryMs = 500
/** Users in one question; the server's limit is 500. */
const usersPerQuestion = 200

export function presenceJudge(): PresenceJudge {
  return new PresenceJudge(
    {
      check: () => metrics.presenceChecks.add(1),
      lag: (ms, dueInMs) => (dueInMs > atOnceMs ? metrics.presenceLossLag : metrics.presenceLag).add(ms),
      flicker: (detail) => countFault(metrics.flickers, 'presence_flickers', detail),
      overtaken: () => metrics.presenceOvertaken.add(1),
      late: (detail) => countFault(metrics.presenceLate, 'presence_late', detail),
      fault: (detail) => countFault(metrics.presenceErrors, 'presence_errors', detail),
    },
    { lastSeenMs: lastSeenToleranceMs, onlineStaleMs, cacheMs, flickerMs },
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

/**
 * Waits until all watchers know the truth, and compares it with what everybody says. Who does not know it after `patienceMs`
 * is late; what is not so after three times that is wrong.
 */
export async function concludePresence(
  judge: PresenceJudge,
  asker: EarshotUser,
  patienceMs: number,
): Promise<void> {
  if (!(await until(() => judge.everybodyKnows(), patienceMs))) {
    judge.overdue()
    await until(() => judge.everybodyKnows(), 2 * patienceMs)
  }
  judge.conclude()
  await askAboutAll(judge, asker, 3 * patienceMs)
}

/** Asks over HTTP about everybody, and again about those of whom it does not say what is so, `patienceMs` at most. */
async function askAboutAll(judge: PresenceJudge, asker: EarshotUser, patienceMs: number): Promise<void> {
  const until = Date.now() + patienceMs
  const users = judge.users()
  for (let at = 0; at < users.length; at += usersPerQuestion) {
    for (let open = users.slice(at, at + usersPerQuestion); open.length > 0; ) {
      const askedAt = Date.now()
      const last = askedAt >= until
      try {
        const answer = await askLastSeen({ target, token: asker.token }, open)
        const wrong = judge.answeredAll(`${asker.device} (HTTP)`, open, answer.map(told), askedAt, { last })
        if (wrong.length === 0 || last) break
        open = wrong
      } catch (error) {
        countFault(metrics.actionFailures, 'action_failures', `lastSeen of ${open.length}: ${error}`)
        break
      }
      await sleep(askEveryMs)
    }
  }
}

export function told(user: { _id: string; isOnline: boolean; lastSeen: string | null }): Told {
  return { userId: user._id, isOnline: user.isOnline, lastSeen: user.lastSeen }
}
