import { EarshotUser, type UserEvents, type UserOptions } from '../earshot/user.ts'
import { answerMs, jwtSecret, nodes, target } from './env.ts'
import { countFault, metrics } from './metrics.ts'
import { crowdedNode } from './pairs.ts'
import { sleep } from './wait.ts'

/** One after the other, to get a crowd spread; it has never taken more than one. */
const mostMoves = 5

/** All users that this VU has made. */
const made: EarshotUser[] = []

export type CrowdOptions = Pick<UserOptions, 'reconnect' | 'ackTimeoutMs'>

/** A user of this run's target whose connection is measured. It is not connected yet. */
export function makeUser(
  userId: string,
  events: (user: () => EarshotUser) => UserEvents,
  options: CrowdOptions = { reconnect: false },
): EarshotUser {
  let lostAt: number | undefined
  const wanted = events(() => user)
  const user: EarshotUser = new EarshotUser(
    {
      target,
      jwtSecret,
      userId,
      name: `Load ${userId}`,
      connectTimeoutMs: answerMs,
      ackTimeoutMs: answerMs,
      ...options,
    },
    {
      ...wanted,
      connected(tookMs, again) {
        metrics.socketsOpened.add(1)
        metrics.connectTime.add(tookMs)
        if (again && lostAt !== undefined) metrics.reconnectTime.add(Date.now() - lostAt)
        wanted.connected?.(tookMs, again)
      },
      disconnected(reason) {
        metrics.socketsClosed.add(1)
        lostAt = user.socket.isWanted ? Date.now() : undefined
        wanted.disconnected?.(reason)
      },
    },
  )
  made.push(user)
  return user
}

/** Says goodbye for all users of this VU: its iteration ends when the last of their sockets has. */
export function disconnectEverybody(): void {
  for (const { socket } of made) socket.disconnect()
}

/**
 * Connects at so many users a second on average, each at a random moment of its share of the time: VUs that all connect
 * in step get each a node of their own from the balancer, and then nobody has a partner elsewhere. Those that fail are
 * counted, shown and left out of the answer.
 */
export async function connectAll<T extends { connect(): Promise<void> }>(
  users: readonly T[],
  perSecond: number,
): Promise<T[]> {
  const startedAt = Date.now()
  const connected: T[] = []
  await Promise.all(
    users.map(async (user, i) => {
      await sleep(startedAt + ((i + Math.random()) * 1_000) / perSecond - Date.now())
      try {
        await user.connect()
        connected.push(user)
      } catch (error) {
        countFault(metrics.connectFailures, 'connect_failures', String(error))
      }
    }),
  )
  return connected
}

/**
 * Connects like `connectAll`, and makes each a client that has subscribed: who has not is told of everybody's coming and
 * going, which is a million events when a thousand come.
 */
export async function connectQuietly(
  users: readonly EarshotUser[],
  perSecond: number,
): Promise<EarshotUser[]> {
  const quiet = users.map((user) => ({
    user,
    connect: async () => {
      await user.connect()
      await user.subscribe([user.userId])
    },
  }))
  const connected = (await connectAll(quiet, perSecond)).map(({ user }) => user)
  await spreadOverNodes(connected, perSecond)
  metrics.connected.add(connected.length)
  return connected
}

/**
 * Moves half of the users of a node that has got nearly all: a balancer that counts connections may still count those of an
 * earlier run, and others connect as well.
 */
export async function spreadOverNodes(users: readonly EarshotUser[], perSecond: number): Promise<void> {
  for (let round = 0; round < mostMoves && nodes > 1; round++) {
    const here = users.filter(({ socket }) => socket.isConnected)
    const crowded = crowdedNode(here, nodes)
    if (crowded.length === 0) return
    const half = crowded.slice(0, Math.ceil(crowded.length / 2))
    for (const { socket } of half) socket.disconnect()
    await sleep(1_000)
    await connectAll(half, perSecond)
  }
}
