import { EventEmitter, once } from 'node:events'
import type { Redis } from 'ioredis'
import t from 'tap'
import { Subscriptions } from '../src/subscriptions.ts'

/** A client of Redis that notes its commands; each is answered by `answer`. */
function fakeSubscriber() {
  const commands: string[] = []
  const events = new EventEmitter()
  let answer: Promise<unknown> = Promise.resolve()
  const command =
    (name: string) =>
    (...channels: string[]) => {
      commands.push([name, ...channels].join(' '))
      events.emit(name)
      return answer
    }
  const subscriber = Object.assign(events, {
    status: 'ready',
    ssubscribe: command('ssubscribe'),
    sunsubscribe: command('sunsubscribe'),
  }) as unknown as Redis
  return { subscriber, commands, events, answerWith: (next: Promise<unknown>) => (answer = next) }
}

/** Resolves when so many have looked at the client's status. */
function lookedAt(subscriber: Redis, status: string, times: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let looks = 0
  const get = () => {
    if (++looks === times) resolve()
    return status
  }
  Object.defineProperty(subscriber, 'status', { get, configurable: true })
  return promise
}

t.test('what one turn subscribes to is one command, and settled when Redis has answered', async (t) => {
  const { subscriber, commands, answerWith } = fakeSubscriber()
  const { promise, resolve } = Promise.withResolvers<void>()
  answerWith(promise)
  const subscriptions = new Subscriptions(subscriber)
  void subscriber.ssubscribe('a')
  void subscriber.ssubscribe('b')
  let isSettled = false
  const settled = subscriptions.settled().then(() => (isSettled = true))
  await new Promise(setImmediate)
  t.same(commands, ['ssubscribe a b'])
  t.notOk(isSettled)
  resolve()
  await settled
})

t.test('a channel that is wanted again soon was never left', async (t) => {
  const { subscriber, commands } = fakeSubscriber()
  const subscriptions = new Subscriptions(subscriber)
  await subscriber.ssubscribe('a')
  await subscriber.sunsubscribe('a')
  await subscriber.ssubscribe('a')
  await subscriptions.settled()
  t.same(commands, ['ssubscribe a'])
})

t.test('one that is not is left, with others by one command', async (t) => {
  const { subscriber, commands, events } = fakeSubscriber()
  new Subscriptions(subscriber, { lingerMs: 0, sweepMs: 1 })
  // Its timer keeps no process.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  await Promise.all([subscriber.ssubscribe('a'), subscriber.ssubscribe('b')])
  const left = once(events, 'sunsubscribe')
  await Promise.all([subscriber.sunsubscribe('a'), subscriber.sunsubscribe('b')])
  await left
  t.same(commands, ['ssubscribe a b', 'sunsubscribe a b'])
  await subscriber.ssubscribe('a')
  t.same(commands.at(-1), 'ssubscribe a')
})

t.test("a failure is nobody's, and waited for by nobody for ever", async (t) => {
  const { subscriber, answerWith } = fakeSubscriber()
  const subscriptions = new Subscriptions(subscriber)
  const failure = Promise.reject(new Error('away'))
  failure.catch(() => undefined)
  answerWith(failure)
  void subscriber.ssubscribe('a')
  await subscriptions.settled()
  t.pass('settled all the same')
})

t.test('what is left while the connection is lost is not subscribed to again', async (t) => {
  const { subscriber, commands, events, answerWith } = fakeSubscriber()
  new Subscriptions(subscriber, { lingerMs: 0, sweepMs: 1 })
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(() => clearInterval(alive))
  await Promise.all([subscriber.ssubscribe('a'), subscriber.ssubscribe('b'), subscriber.ssubscribe('c')])
  answerWith(new Promise(() => undefined))
  const left = once(events, 'sunsubscribe')
  await subscriber.sunsubscribe('a')
  await left
  events.emit('close')
  const looks = lookedAt(subscriber, 'reconnecting', 3)
  await subscriber.sunsubscribe('b')
  await looks
  t.same(commands, ['ssubscribe a b c', 'sunsubscribe a'])
  lookedAt(subscriber, 'ready', 1)
  // As the client does with all whose end it has not seen.
  for (const channel of ['a', 'b', 'c']) void subscriber.ssubscribe(channel)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(commands.at(-1), 'ssubscribe c')
})

t.test('who asks something else of the client can have it come after all subscriptions', async (t) => {
  const { subscriber, commands } = fakeSubscriber()
  const subscriptions = new Subscriptions(subscriber)
  void subscriber.ssubscribe('a')
  subscriptions.flush()
  t.same(commands, ['ssubscribe a'])
})
