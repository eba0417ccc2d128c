/**
 * A thousand users online, and everybody knows it: they come in a ramp, watch each other, poll lastSeen, some lose their
 * connection for a moment (which nobody must notice), some leave and return, some leave for good. At the end what
 * everybody was told is compared with the truth.
 */
import { pollLastSeen } from './lib/earshot/http.ts'
import type { EarshotUser } from './lib/earshot/user.ts'
import type { PresenceJudge } from './lib/judge/presence-judge.ts'
import { connectAll, makeUser } from './lib/run/crowd.ts'
import { target, whole } from './lib/run/env.ts'
import { countFault, metrics } from './lib/run/metrics.ts'
import {
  afterLossMs,
  atOnceMs,
  concludePresence,
  leave,
  presenceJudge,
  told,
  watch,
} from './lib/run/presence.ts'
import { scenario } from './lib/run/scenario.ts'
import { connectThreshold, never } from './lib/run/thresholds.ts'
import { sleep } from './lib/run/wait.ts'
import { droppedByClient } from './lib/socketio/index.ts'

const users = whole('USERS', 1_000, { least: 20, most: 9_000, ci: 200 })
/** Users that come each second, all VUs together. */
const rate = whole('RATE', 50)
/** Seconds between the ramp's end and the end, in which users poll, stumble and return. */
const hold = whole('HOLD', 30, { ci: 12 })
/** Others that each user watches. */
const friends = whole('FRIENDS', 10, { most: 400 })
/** Of 100 users, those who poll a friend's lastSeen every five seconds, as older clients do. */
const pollers = whole('POLLERS', 20, { least: 0, most: 100 })
const pollEveryMs = 5_000
const connectSeconds = Math.ceil(users / rate) + 10

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'users-1000',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + hold + Math.ceil((afterLossMs * 6) / 1_000) + 120,
    thresholds: {
      ...never('presence_errors', 'presence_late', 'presence_flickers', 'action_failures'),
      ...never('connect_failures', 'connections_lost'),
      ...connectThreshold(),
      users_connected: [`count==${users}`],
      presence_checks: [`count>=${users * friends}`],
      presence_lag: [`p(95)<${atOnceMs}`],
      presence_loss_lag: [`p(95)<${afterLossMs}`],
      'http_req_failed{name:GET /user/lastSeen/:userId}': ['rate==0'],
    },
  },
  async (run) => {
    const perSecond = rate / run.vus
    const presence = presenceJudge()
    const crowd = new Crowd(presence, run.prefix, run.share(users))
    const everybody = await connectAll(crowd.members, perSecond)
    metrics.connected.add(everybody.length)
    const [asker, ...others] = everybody.map(({ user }) => user)
    if (!asker) throw new Error('nobody could connect')
    await run.startTogether()

    const polling = others.slice(0, Math.round((others.length * pollers) / 100)).map((user, i) => {
      const friend = others[(i + 1) % others.length]
      return friend ? poll(presence, user, friend, Date.now() + hold * 1_000) : undefined
    })
    const tenth = Math.ceil(others.length / 10)
    // The asker is an older client, which has not subscribed: it hears of everybody and stays to the end.
    const stumbling = others.slice(-tenth)
    const returning = others.slice(-2 * tenth, -tenth)
    await sleep((hold * 1_000) / 4)
    for (const { socket } of stumbling) socket.drop()
    for (const user of returning) leave(presence, user)
    await sleep((hold * 1_000) / 4)
    const again = crowd.members.filter(({ user }) => returning.includes(user))
    await connectAll(again, perSecond)
    await Promise.all(polling)

    const [leaving, losing] = [others.slice(0, tenth), others.slice(tenth, tenth + Math.ceil(tenth / 2))]
    for (const user of leaving) leave(presence, user)
    for (const user of losing) {
      presence.becomes(user.userId, false, Date.now(), afterLossMs)
      user.socket.drop({ stayAway: true })
    }
    await concludePresence(presence, asker, afterLossMs)
    for (const { user } of crowd.members) if (user.socket.isConnected) leave(presence, user)
  },
)

export { handleSummary, options, setup }
export default main

interface Member {
  user: EarshotUser
  connect(): Promise<void>
}

/** Users who each watch the next ones; the first of them is an older client that hears of everybody. */
class Crowd {
  readonly members: Member[]
  readonly #presence: PresenceJudge

  constructor(presence: PresenceJudge, prefix: string, size: number) {
    this.#presence = presence
    this.members = Array.from({ length: size }, (_, i) => {
      const user = this.#user(`${prefix}-u${i}`)
      return { user, connect: () => this.#come(user, i) }
    })
  }

  #user(userId: string): EarshotUser {
    let wasDropped = false
    const user = makeUser(
      userId,
      () => ({
        status: (status, at) => this.#presence.event(userId, status, at),
        statuses: (statuses, askedAt) => {
          for (const status of statuses) this.#presence.answered(userId, status, askedAt)
        },
        connected: (_, again) => {
          if (again) this.#presence.becomes(userId, true, Date.now(), atOnceMs)
        },
        disconnected: (reason) => {
          // Whoever is back within the cluster's grace is not to be shown as gone; on a slow machine it may take longer.
          if (user.socket.isWanted) this.#presence.away(userId, Date.now())
          if (reason === droppedByClient) wasDropped = true
          else if (user.socket.isWanted) lostConnection(userId, reason)
        },
        failed: (error, last) => {
          if (last && wasDropped) lostConnection(userId, String(error))
        },
      }),
      {},
    )
    return user
  }

  async #come(user: EarshotUser, place: number): Promise<void> {
    const startedAt = Date.now()
    // Others may be told before this end knows that it is connected.
    this.#presence.becomes(user.userId, true, startedAt, Number.POSITIVE_INFINITY)
    await user.connect()
    this.#presence.becomes(user.userId, true, Date.now(), atOnceMs)
    await this.#watch(user, place)
  }

  async #watch(user: EarshotUser, place: number): Promise<void> {
    const ids = this.members.map((member) => member.user.userId)
    if (place === 0) {
      this.#presence.watches(user.device, ids.slice(1))
      return
    }
    const wanted = Math.min(friends, ids.length - 1)
    const mine = Array.from({ length: wanted }, (_, i) => ids[(place + i + 1) % ids.length] ?? user.userId)
    await watch(this.#presence, user, mine)
  }
}

async function poll(
  presence: PresenceJudge,
  user: EarshotUser,
  friend: EarshotUser,
  until: number,
): Promise<void> {
  let etag: string | undefined
  await sleep(Math.random() * pollEveryMs)
  while (Date.now() < until) {
    const askedAt = Date.now()
    try {
      const answer = await pollLastSeen({ target, token: user.token }, friend.userId, etag)
      etag = answer.etag
      if (answer.user) presence.answered(`${user.device} (poll)`, told(answer.user), askedAt)
      metrics.polls.add(1)
      metrics.pollsUnchanged.add(answer.user === undefined)
    } catch (error) {
      countFault(metrics.actionFailures, 'action_failures', `poll of ${friend.userId}: ${error}`)
    }
    await sleep(pollEveryMs - (Date.now() - askedAt))
  }
}

function lostConnection(userId: string, reason: string): void {
  countFault(metrics.connectionsLost, 'connections_lost', `${userId}: ${reason}`)
}
