import fc from 'fast-check'
import t from 'tap'
import { RateLimiter } from '../src/messages/rate-limiter.ts'

t.test('a burst, then the sustained rate; one user does not pay for another', async (t) => {
  let now = 0
  const limiter = new RateLimiter(10, 3, () => now)
  for (let i = 0; i < 3; i++) limiter.take('ann')
  t.throws(() => limiter.take('ann'), { code: 'RATE_LIMITED', retryAfterMs: 100 })
  t.doesNotThrow(() => limiter.take('bob'))
  now = 100
  t.doesNotThrow(() => limiter.take('ann'), 'after the time it was told')
  t.throws(() => limiter.take('ann'), { code: 'RATE_LIMITED' })
})

t.test('what costs more waits for more, and is never too much for ever', async (t) => {
  let now = 0
  const limiter = new RateLimiter(10, 30, () => now)
  limiter.take('ann', 20)
  t.throws(() => limiter.take('ann', 15), { code: 'RATE_LIMITED', retryAfterMs: 500 })
  t.doesNotThrow(() => limiter.take('ann', 10), 'what was refused cost nothing')
  t.throws(() => limiter.take('ann', 1_000), { code: 'RATE_LIMITED', retryAfterMs: 3_000 })
  now = 3_000
  t.doesNotThrow(() => limiter.take('ann', 1_000))
  t.throws(() => limiter.take('ann'), { code: 'RATE_LIMITED' })
})

t.test('never more than burst + rate × time', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 200 }), (pauses) => {
      let now = 0
      let taken = 0
      const limiter = new RateLimiter(20, 5, () => now)
      for (const pause of pauses) {
        now += pause
        try {
          limiter.take('ann')
          taken++
        } catch (error) {
          if ((error as { code?: string }).code !== 'RATE_LIMITED') throw error
        }
      }
      return taken <= 5 + (now / 1000) * 20 + 1e-6
    }),
  )
})
