import { setTimeout as wait } from 'node:timers/promises'
import { toDbId } from '@earshot/core/clients/mongo'
import { PresenceKeys } from '@earshot/core/presence/keys'
import type { UserLastSeen } from '@earshot/protocol'
import type { Test } from 'tap'
import { type Cluster, secret } from './cluster.ts'
import type { PresenceWatcher } from './presence-watcher.ts'
import type { ServiceProcess } from './service-process.ts'
import { mintToken } from './tokens.ts'

export type Truth = Record<string, 'online' | 'offline'>

/** Of a user, when all agree; times in milliseconds by Redis' clock. */
export interface Agreed {
  version: number
  lastSeen: number
}

interface StoredUser {
  isOnline?: boolean
  lastSeen?: Date
  presenceVersion?: number
}

/** By then a machine of any speed has come to it. */
const patienceMs = 60_000

/**
 * Waits until all agree on the truth: the leases in Redis, the documents in MongoDB, every node's answer over HTTP, and
 * what each watcher last heard. Fails with what is wrong when they do not.
 * @param except nodes that cannot be asked now
 */
export async function expectTruth(
  t: Test,
  cluster: Cluster,
  truth: Truth,
  watchers: PresenceWatcher[],
  { except = [] }: { except?: ServiceProcess[] } = {},
): Promise<Record<string, Agreed>> {
  const givenUpAt = performance.now() + patienceMs
  for (;;) {
    const users = await Promise.all(
      Object.entries(truth).map(([userId, state]) => look(userId, state === 'online')),
    )
    const wrong = users.flatMap((user) => user.wrong)
    if (wrong.length === 0 || performance.now() > givenUpAt) {
      t.same(wrong, [], `all know the truth: ${JSON.stringify(truth)}`)
      return Object.fromEntries(users.map(({ userId, version, lastSeen }) => [userId, { version, lastSeen }]))
    }
    await wait(20)
  }

  async function look(userId: string, isOnline: boolean) {
    const wrong: string[] = []
    const check = (isRight: boolean, what: string) => {
      if (!isRight) wrong.push(`${userId}: ${what}`)
    }
    const lease = await leaseOf(cluster, userId)
    check(lease.isOnline === isOnline && lease.isHeld === isOnline, `Redis has ${JSON.stringify(lease)}`)

    const user = await stored(cluster, userId)
    const version = user.presenceVersion ?? 0
    const lastSeen = user.lastSeen?.getTime() ?? 0
    check((user.isOnline ?? false) === isOnline, `MongoDB has isOnline ${user.isOnline}`)
    check(!isOnline || lease.version === version, `MongoDB has version ${version}, Redis ${lease.version}`)

    // Who is online is seen all the time; who is not was seen at one moment, the same for all.
    const isThen = (at: string | null | undefined) => isOnline || Date.parse(at ?? '') === lastSeen
    for (const [node, answer] of (await answers(cluster, userId, except)).entries()) {
      check(answer.isOnline === isOnline, `node ${node} says isOnline ${answer.isOnline}`)
      check(
        isThen(answer.lastSeen),
        `node ${node} says ${answer.lastSeen}, MongoDB ${user.lastSeen?.toJSON()}`,
      )
    }
    for (const watcher of watchers) {
      const state = watcher.of(userId)
      // Who asked may have been given the moment of the answer for a version: that is none too old.
      const isRight = state?.isOnline === isOnline && state.version >= version && isThen(state.lastSeen)
      check(
        isRight,
        `${watcher.client.userId} believes ${JSON.stringify(state)}, MongoDB has version ${version}`,
      )
    }
    return { userId, version, lastSeen, wrong }
  }
}

/** Redis' clock, the one that counts. */
export async function redisNow(cluster: Cluster): Promise<number> {
  const [seconds, micros] = await cluster.redis.time()
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
}

/** What is under the user's keys, read without the scripts. */
async function leaseOf(cluster: Cluster, userId: string) {
  const keys = new PresenceKeys(cluster.prefix, Number(cluster.env.PRESENCE_SHARDS))
  const { userPrefix, deadlines } = keys.of(keys.shardOf(userId))
  const [deadline, hash] = await Promise.all([
    cluster.redis.zscore(deadlines, userId),
    cluster.redis.hgetall(userPrefix + userId),
  ])
  return {
    isOnline: deadline !== null,
    isHeld: Object.keys(hash).some((field) => field.startsWith('c:') || field.startsWith('g:')),
    version: Number(hash.v ?? 0),
  }
}

export async function stored(cluster: Cluster, userId: string): Promise<StoredUser> {
  const projection = { _id: 0, isOnline: 1, lastSeen: 1, presenceVersion: 1 }
  const users = cluster.db.collection<StoredUser>('users')
  return (await users.findOne({ _id: toDbId(userId) } as object, { projection })) ?? {}
}

/** Of every node that lives. */
async function answers(cluster: Cluster, userId: string, except: ServiceProcess[]): Promise<UserLastSeen[]> {
  const living = cluster.processes.filter(
    (process) => process.role === 'gateway' && process.isRunning && !except.includes(process),
  )
  const headers = { authorization: `Bearer ${await mintToken(secret, 'who-asks')}` }
  return Promise.all(
    [...cluster.gateways, ...living].map(async ({ port }) => {
      const response = await fetch(`http://127.0.0.1:${port}/user/lastSeen/${userId}`, { headers })
      return (await response.json()) as UserLastSeen
    }),
  )
}
