import { subscriberClient } from '@earshot/core/clients/redis'
import t from 'tap'
import { Listeners } from '../src/listeners.ts'

t.test('who listens is known where this node listens, and doubted where it may not', async (t) => {
  const [own, other] = [0, 1].map(() => subscriberClient(process.env.TEST_REDIS_URL ?? '', 'listeners'))
  if (!own || !other) throw new Error('no clients')
  t.teardown(() => [own, other].map((client) => client.disconnect()))
  await Promise.all([own.connect(), other.connect()])
  const channelOf = (room: string) => `listeners-${process.pid}:${room}`
  await own.ssubscribe(channelOf('here'), channelOf('both'))
  await other.ssubscribe(channelOf('there'), channelOf('both'))
  const hearing = { isCurrent: true, isDeaf: false, losses: 0 }
  const isHeld = (room: string) => ['here', 'both', 'joined'].includes(room)
  let joined: string[] = []
  const subscriptions = { flush: () => void (joined.length > 0 && own.ssubscribe(...joined.splice(0))) }
  const listeners = new Listeners({ subscriber: own, subscriptions, hearing, channelOf, isHeld })
  const rooms = ['here', 'there', 'both', 'nowhere']
  const answers = () => Promise.all(rooms.map((room) => listeners.elsewhere(room)))
  t.same(await answers(), [false, true, true, false])
  joined = [channelOf('joined')]
  await other.ssubscribe(channelOf('joined'))
  t.ok(await listeners.elsewhere('joined'), 'what this node has yet to subscribe to is subscribed to first')

  const asked = answers()
  // On its way by then.
  await new Promise((resolve) => setImmediate(resolve))
  hearing.losses++
  t.same(await asked, [true, true, true, true], 'the subscription was lost since it was asked')
  hearing.isDeaf = true
  t.same(await answers(), [true, true, true, true])
  hearing.isDeaf = false
  t.same(await answers(), [false, true, true, false])
  own.disconnect()
  t.same(await answers(), [true, true, true, true], 'Redis does not answer')
})
