import { commandClient, subscriberClient } from '@earshot/core/clients/redis'
import { learnSlots } from '@earshot/core/clients/slots'
import t from 'tap'
import { GatheredPublish } from '../src/gathered-publish.ts'

t.test('what shares a call arrives whole, in order, each where it belongs', async (t) => {
  const url = process.env.TEST_REDIS_URL ?? ''
  const [subscriber, publisher] = [subscriberClient(url, 'hears'), commandClient(url, 'tells')]
  t.teardown(() => [subscriber, publisher].map((client) => client.disconnect()))
  await Promise.all([subscriber.connect(), publisher.connect()])
  await learnSlots(publisher)
  const gathered = new GatheredPublish(publisher, (answer) => answer)
  const [a, b] = ['a', 'b'].map((name) => `gathered-publish-${process.pid}:${name}`)
  if (!a || !b) throw new Error('no channels')
  const heard: [string, string][] = []
  subscriber.on('smessage', (channel: string, text: string) => heard.push([channel, text]))
  await subscriber.ssubscribe(a, b)

  gathered.publish(a, '1:', 'to two')
  gathered.publish(b, '2:', 'to two')
  gathered.publish(a, '3:', 'ünd mehr 👋')
  gathered.publish(a, '4:', 'to two')
  gathered.publish(b, '', '')
  await gathered.publish(b, '5:', 'last')
  while (heard.length < 6) await subscriber.ping()
  t.same(heard, [
    [a, '1:to two'],
    [b, '2:to two'],
    [a, '3:ünd mehr 👋'],
    [a, '4:to two'],
    [b, ''],
    [b, '5:last'],
  ])
})
