import { test } from 'tap'
import { backoffDelay } from '../lib/socketio/backoff.ts'
import { AckTimeoutError, DisconnectedError } from '../lib/socketio/errors.ts'
import { type Clock, PendingAcks } from '../lib/socketio/pending-acks.ts'

/** A clock that stands still until it is moved. */
class HandClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ at: number; call: () => void }>()

  now = () => this.#now
  after = (ms: number, call: () => void) => {
    const timer = { at: this.#now + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get timers(): number {
    return this.#timers.size
  }

  move(ms: number): void {
    this.#now += ms
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue
      this.#timers.delete(timer)
      timer.call()
    }
  }
}

test('an acknowledgement settles what waits for it, once', async (t) => {
  const clock = new HandClock()
  const acks = new PendingAcks(clock)
  const first = acks.add('a', 100)
  const second = acks.add('b', 100)
  t.not(first.id, second.id)
  t.ok(acks.settle(second.id, 'two', 7))
  t.ok(acks.settle(first.id, 'one', 8))
  t.strictSame(await Promise.all([first.answered, second.answered]), [
    { answer: 'one', at: 8 },
    { answer: 'two', at: 7 },
  ])
  t.notOk(acks.settle(first.id, 'again', 9))
  t.equal(clock.timers, 0, 'no timer keeps an iteration alive')
})

test('each waits for its own time, with one timer', async (t) => {
  const clock = new HandClock()
  const acks = new PendingAcks(clock)
  const short = acks.add('short', 100)
  clock.move(50)
  const long = acks.add('long', 100)
  t.equal(clock.timers, 1)
  const failed = t.rejects(short.answered, AckTimeoutError)
  clock.move(50)
  await failed
  t.ok(acks.settle(long.id, 'in time', 1))
  t.match(await long.answered, { answer: 'in time' })
  t.equal(acks.size, 0)
})

test('a lost connection fails all at once', async (t) => {
  const clock = new HandClock()
  const acks = new PendingAcks(clock)
  const all = [acks.add('a', 100), acks.add('b', 100)].map(({ answered }) => answered)
  const failed = Promise.all(all.map((answered) => t.rejects(answered, DisconnectedError)))
  acks.failAll(new DisconnectedError('gone'))
  await failed
  t.equal(clock.timers, 0)
})

test('backoff doubles to its most, and chance takes its share', async (t) => {
  const options = { minMs: 100, maxMs: 1_000, jitter: 0.5, attempts: 9 }
  t.strictSame(
    [0, 1, 2, 3, 4, 400].map((attempt) => backoffDelay(attempt, options, 0)),
    [100, 200, 400, 800, 1_000, 1_000],
  )
  t.equal(backoffDelay(1, options, 1), 100)
  t.equal(backoffDelay(1, { ...options, jitter: 1 }, 0.5), 100)
})
