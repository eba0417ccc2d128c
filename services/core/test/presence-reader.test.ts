import type { UserStore } from '@earshot/core/accounts/user-store'
import type { LastSeenStore } from '@earshot/core/presence/last-seen-store'
import type { LeaseStore } from '@earshot/core/presence/lease-store'
import { PresenceReader } from '@earshot/core/presence/presence-reader'
import { openRules } from '@earshot/core/visibility/rules'
import type { Visibility } from '@earshot/core/visibility/visibility'
import type { Redis } from 'ioredis'
import t from 'tap'

const rulesOf = (userId: string) => ({ ...openRules, version: userId === 'hider' ? 500_000 : 0 })

/** Nobody is in Redis. MongoDB has one who was here, one who never was, and one who hides; `held` look-ups are answered by hand. */
function scene({ isHeld = false } = {}) {
  let now = 1_000_000
  const held: (() => void)[] = []
  const looks: string[][] = []
  const reads: string[][] = []
  const time = async () => {
    now += 50
    return [String(Math.floor(now / 1_000)), String((now % 1_000) * 1_000)]
  }
  const find = async (userIds: string[]) => {
    looks.push(userIds)
    if (isHeld) await new Promise<void>((answer) => held.push(answer))
    return userIds
      .filter((userId) => userId !== 'nobody')
      .map((userId) => {
        const cameAt = userId === 'never' ? undefined : 600_000
        return { userId, name: userId, isOnline: false, version: cameAt ?? 0, lastSeen: cameAt }
      })
  }
  const visibility = {
    generation: 0,
    rulesOfEach: async () => new Map(),
    rulesNow: rulesOf,
    seenAmong: async (_: string, ids: string[]) => new Set(ids.filter((id) => id !== 'hider')),
  }
  const reader = new PresenceReader({
    redis: { time } as unknown as Redis,
    leases: {
      async read(userIds: string[]) {
        reads.push(userIds)
        return []
      },
    } as unknown as LeaseStore,
    lastSeen: { find } as unknown as LastSeenStore,
    users: { knownName: () => undefined } as unknown as UserStore,
    visibility: visibility as unknown as Visibility,
    settle: async (states) => states,
    cacheMs: 60_000,
    hearsOfChanges: () => true,
  })
  return { reader, visibility, held, looks, reads }
}

const alike = ['never', 'hider', 'nobody']
const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('who never came looks like who hides and who does not exist, however often one asks', async (t) => {
  const { reader } = scene()
  for (let i = 0; i < 3; i++) {
    const [never, hider, nobody] = await reader.statuses('me', alike)
    t.same({ ...never, userId: '' }, { ...hider, userId: '' })
    t.same({ ...never, userId: '' }, { ...nobody, userId: '' })
  }
})

t.test('… and also when somebody else asks at the same time', async (t) => {
  const { reader, held } = scene({ isHeld: true })
  const answers = [reader.statuses('other', alike), reader.statuses('me', alike)]
  for (let i = 0; i < 4; i++) {
    await turn()
    for (const answer of held.splice(0)) answer()
  }
  for (const statuses of await Promise.all(answers)) {
    t.equal(new Set(statuses.map(({ version }) => version)).size, 1)
  }
})

t.test('who was here is looked up once for all who ask', async (t) => {
  const { reader, looks } = scene()
  await reader.statuses('me', ['been'])
  await reader.statuses('you', ['been'])
  t.same(
    looks.filter((userIds) => userIds.includes('been')),
    [['been']],
  )
})

t.test('who subscribe together are answered by one read, each of whom they named', async (t) => {
  const { reader, reads } = scene()
  const [mine, yours] = await Promise.all([
    reader.statuses('me', ['been', 'never']),
    reader.statuses('you', ['nobody', 'been']),
  ])
  t.same(reads, [['been', 'never', 'nobody']])
  t.same(
    mine.map(({ userId }) => userId),
    ['been', 'never'],
  )
  t.same(
    yours.map(({ userId }) => userId),
    ['nobody', 'been'],
  )
})

t.test('who hides while it is looked up who sees them is hidden in the answer', async (t) => {
  const { reader, visibility } = scene()
  const { seenAmong } = visibility
  visibility.seenAmong = async (viewer, ids) => {
    const seen = await seenAmong(viewer, ids)
    visibility.seenAmong = async () => new Set()
    visibility.generation++
    return seen
  }
  t.match(await reader.statuses('me', ['been']), [{ userId: 'been', lastSeen: null }])
})
