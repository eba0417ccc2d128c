import { createLogger } from '@earshot/core/observability/logger'
import { StatusDelivery } from '@earshot/core/presence/status-delivery'
import type { StatusNews } from '@earshot/core/presence/status-publisher'
import t from 'tap'

/** @param costOf what it costs to tell of a user */
function scene(costOf: (userId: string) => number = () => 1) {
  const told: string[] = []
  const delivery = new StatusDelivery({
    tell: ({ status: { userId, version } }) => {
      if (userId === 'nonsense') throw new Error('makes no sense')
      told.push(`${userId} ${version}`)
      return costOf(userId)
    },
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
  })
  return { told, delivery }
}

const news = (userId: string, version = 7): StatusNews => ({
  status: { userId, isOnline: true, lastSeen: null, version },
})
const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => news(`u${from + i}`))
const names = (count: number) => many(count).map(({ status }) => `${status.userId} 7`)
const turn = () => new Promise((resolve) => setImmediate(resolve))

t.test('few changes are told at once', async (t) => {
  const { told, delivery } = scene()
  delivery.add(many(3))
  t.same(told, names(3))
})

t.test('of many a hundred are told in a turn of the event loop, in order, however they come', async (t) => {
  const { told, delivery } = scene()
  delivery.add(many(80))
  delivery.add(many(80, 80))
  t.equal(told.length, 100)
  await turn()
  t.equal(told.length, 160)
  delivery.add(many(90, 160))
  t.equal(told.length, 200)
  await turn()
  t.same(told, names(250))
  await turn()
  delivery.add(many(100, 250))
  t.same(told, names(350), 'and at once again')
})

t.test('… fewer, where each is told to many, but one at least', async (t) => {
  const { told, delivery } = scene((userId) => (userId === 'u2' ? 1_000_000 : 40_000))
  delivery.add(many(4))
  t.equal(told.length, 3)
  await turn()
  t.equal(told.length, 4)
})

t.test('before it changes who sees a user, what waits of that user is told', async (t) => {
  const { told, delivery } = scene()
  delivery.add([...many(100), news('ann', 8), news('bob', 8), news('ann', 9)])
  delivery.hurry('ann')
  t.same(told.slice(100), ['ann 8', 'ann 9'])
  await turn()
  t.same(told.slice(100), ['ann 8', 'ann 9', 'bob 8'])
})

t.test('what makes no sense ends nothing', async (t) => {
  const { told, delivery } = scene()
  delivery.add([...many(100), news('nonsense'), news('ann')])
  await turn()
  t.same(told.slice(100), ['ann 7'])
})

t.test('what waits is bounded: beyond it is told at once', async (t) => {
  const { told, delivery } = scene()
  delivery.add(many(50_000))
  t.equal(told.length, 100)
  delivery.add(many(1_000, 50_000))
  t.equal(told.length, 1_000)
  const hiddenFrom = Array.from({ length: 1_000 }, (_, i) => `h${i}`)
  delivery.add([{ ...news('ann'), hiddenFrom }])
  t.equal(told.length, 2_001, 'ids count, too')
})
