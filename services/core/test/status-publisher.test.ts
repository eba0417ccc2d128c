import type { Fanout } from '@earshot/core/fanout'
import { createLogger } from '@earshot/core/observability/logger'
import { type StatusNews, StatusPublisher } from '@earshot/core/presence/status-publisher'
import type { Visibility } from '@earshot/core/visibility/visibility'
import t from 'tap'

/** @param hidden how many each of the users is hidden from */
function scene(hidden: (userId: string) => number) {
  const announced: StatusNews[][] = []
  const byRoom: string[] = []
  const idsFor = (userId: string) =>
    new Set(Array.from({ length: hidden(userId) }, (_, i) => `somebody-with-a-long-id-${i}`))
  const visibility = {
    hiddenFromNow: idsFor,
    rulesOfEach: async () => new Map(),
    audience: async (userId: string) => ({ everyone: true, users: idsFor(userId) }),
  }
  const publisher = new StatusPublisher({
    visibility: visibility as unknown as Visibility,
    fanout: { presenceTo: ({ userId }: { userId: string }) => byRoom.push(userId) } as unknown as Fanout,
    statuses: { announce: (news) => announced.push(news) },
    broadcasts: true,
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
  })
  const publish = (count: number) =>
    publisher.publish(
      Array.from({ length: count }, (_, i) => ({
        userId: `u${i}`,
        isOnline: true,
        version: 7,
        lastSeen: 7,
      })),
    )
  return { announced, byRoom, publish }
}

const usersOf = (news: StatusNews[]) => news.map(({ status }) => status.userId)

t.test('many changes of a moment are announced a hundred at a time, in order', async (t) => {
  const { announced, publish } = scene(() => 0)
  await publish(250)
  t.same(
    announced.map((news) => news.length),
    [100, 100, 50],
  )
  t.same(
    announced.flatMap(usersOf),
    Array.from({ length: 250 }, (_, i) => `u${i}`),
  )
})

t.test('… and fewer, where each says whom it is hidden from', async (t) => {
  const { announced, byRoom, publish } = scene(() => 1_000)
  await publish(20)
  t.equal(announced.flat().length, 20)
  for (const news of announced) t.ok(JSON.stringify(news).length < 150_000)
  t.same(byRoom, [])
})

t.test('what is hidden from very many does not say so: it is told by a room', async (t) => {
  const { announced, byRoom, publish } = scene((userId) => (userId === 'u1' ? 1_001 : 1_000))
  await publish(3)
  const told = announced.flat()
  t.same(usersOf(told), ['u0', 'u1', 'u2'], 'those who watch are told all the same')
  t.same(
    told.map(({ hiddenFrom }) => hiddenFrom?.length),
    [1_000, undefined, 1_000],
  )
  t.same(byRoom, ['u1'])
})
