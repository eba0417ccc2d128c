import { learnSlots } from '@earshot/core/clients/slots'
import { createLogger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { PresenceKeys } from '@earshot/core/presence/keys'
import type { PresenceState } from '@earshot/core/presence/states'
import { StatusTeller } from '@earshot/core/presence/status-teller'
import type { Redis } from 'ioredis'
import t, { type Test } from 'tap'

interface Asked {
  userId: string
  isOnline: boolean
  version: number
  how: string
}

/**
 * A Redis that decides as `tell.lua` does of users whose last change is the one that is asked about.
 * @param fails how a call for these users ends: not at all as it should, `before` or `after` the script ran
 */
async function scene(
  t: Test,
  options: {
    holdMs?: number
    isSlotted?: boolean
    fails?: (userIds: string[], nth: number) => 'before' | 'after' | undefined
    hears?: () => boolean
  } = {},
) {
  const believed = new Set<string>()
  const asked: Asked[][] = []
  const decide = ({ userId, isOnline, version, how }: Asked) => {
    const tell = isOnline ? how === 'again' || !believed.has(userId) : true
    if (tell && isOnline) believed.add(userId)
    if (tell && !isOnline) believed.delete(userId)
    return [tell ? 1 : 0, isOnline ? 1 : 0, version, version, version]
  }
  const script = async (...[keyCount, ...rest]: [number, ...(string | number)[]]) => {
    const args = rest.slice(keyCount)
    const changes: Asked[] = []
    while (args.length > 0) {
      const [, count] = args.splice(0, 2)
      for (let i = 0; i < Number(count); i++) {
        const [userId, online, version, , how] = args.splice(0, 5)
        changes.push({
          userId: String(userId),
          isOnline: online === 1,
          version: Number(version),
          how: String(how),
        })
      }
    }
    asked.push(changes)
    const ends = options.fails?.(
      changes.map(({ userId }) => userId),
      asked.length,
    )
    if (ends === 'before') throw new Error('Connection is closed.')
    const answer = changes.map(decide)
    if (ends === 'after') throw new Error('Connection is closed.')
    return answer
  }
  const redis = {
    info: async () => `cluster_enabled:${options.isSlotted ? 1 : 0}`,
    defineCommand(this: Record<string, unknown>, name: string) {
      this[name] = script
    },
  } as unknown as Redis
  await learnSlots(redis)
  const told: PresenceState[] = []
  const done: string[] = []
  const waiting: { isSo: () => boolean; resolve: () => void }[] = []
  const look = () => {
    for (const { isSo, resolve } of waiting) if (isSo()) resolve()
  }
  const teller = new StatusTeller({
    redis,
    keys: new PresenceKeys('t', 64),
    holdMs: options.holdMs ?? 250,
    hears: options.hears ?? (() => true),
    publish: async (states) => {
      told.push(...states)
    },
    onDone: (changes) => {
      done.push(...changes.map(({ userId }) => userId))
      look()
    },
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
    metrics: createMetrics({ role: 'test', node: 'test' }),
  })
  t.teardown(() => teller.close())
  return {
    teller,
    asked,
    told,
    /** When these are struck out of the outbox. */
    isDone: (...userIds: string[]) =>
      new Promise<void>((resolve) => {
        waiting.push({ isSo: () => userIds.every((userId) => done.includes(userId)), resolve })
        look()
      }),
  }
}

const online = (userId: string, version = 7): PresenceState => ({
  userId,
  isOnline: true,
  version,
  lastSeen: version,
})
const offline = (userId: string, version: number): PresenceState => ({
  ...online(userId, version),
  isOnline: false,
})

t.test('who came is told though the answer of the script that decided it was lost', async (t) => {
  const { teller, told, isDone } = await scene(t, { fails: (_, nth) => (nth === 1 ? 'after' : undefined) })
  teller.changed(online('ann'))
  await isDone('ann')
  t.match(told, [{ userId: 'ann', isOnline: true }])
})

t.test('… also when they left and came meanwhile', async (t) => {
  const { teller, told, asked, isDone } = await scene(t, {
    fails: (_, nth) => {
      if (nth > 1) return undefined
      queueMicrotask(() => {
        teller.changed(offline('ann', 8))
        teller.changed(online('ann', 9))
      })
      return 'after'
    },
  })
  teller.changed(online('ann'))
  await isDone('ann')
  t.match(told, [{ userId: 'ann', isOnline: true, version: 9 }])
  t.equal(asked.at(-1)?.[0]?.how, 'again')
})

t.test('what was not asked, since this process is cut off, is asked as if for the first time', async (t) => {
  let isCutOff = true
  const { teller, asked, isDone } = await scene(t, {
    hears: () => {
      const hears = !isCutOff
      isCutOff = false
      return hears
    },
  })
  teller.changed(online('ann'))
  await isDone('ann')
  t.match(asked, [[{ userId: 'ann', how: 'first' }]])
})

t.test('where a call for each slot is made, one that fails holds up none of the others', async (t) => {
  const { teller, told, asked, isDone } = await scene(t, {
    isSlotted: true,
    fails: (userIds, nth) => (userIds.includes('bad') && nth <= 2 ? 'before' : undefined),
  })
  for (const userId of ['good', 'bad']) teller.changed(online(userId))
  await isDone('good')
  t.match(told, [{ userId: 'good' }])
  await isDone('bad')
  t.match(told, [{ userId: 'good' }, { userId: 'bad' }])
  t.same(
    asked.flat().map(({ userId, how }) => [userId, how]),
    [
      ['good', 'first'],
      ['bad', 'first'],
      ['bad', 'again'],
    ],
  )
  t.rejects((await scene(t, { fails: () => 'before' })).teller.settle([online('ann')]))
})

t.test('a leave that takes the place of a come waits as long as any', async (t) => {
  const { teller, asked, told, isDone } = await scene(t, { holdMs: 600_000 })
  teller.changed(online('first'))
  await isDone('first')
  // Within the window in which all who come are told together.
  teller.changed(online('ann', 8))
  teller.changed(offline('ann', 9))
  teller.changed(online('zoe'))
  await isDone('zoe')
  t.same(
    asked.flat().map(({ userId }) => userId),
    ['first', 'zoe'],
  )
  await teller.close()
  t.match(told.at(-1), { userId: 'ann', isOnline: false }, 'at the latest when the process ends')
})
