import { CodedError } from '@earshot/protocol'
import t from 'tap'
import { isRetryable, retryDelayMs } from '../src/retry.ts'

const policy = { maxTries: 5, baseDelayMs: 100, maxDelayMs: 1_000 }

t.test('waits double up to the maximum and are jittered downwards by half at most', async (t) => {
  const longest = [1, 2, 3, 4, 5, 6].map((tries) => retryDelayMs(policy, tries, 0, () => 1))
  t.strictSame(longest, [100, 200, 400, 800, 1_000, 1_000])
  t.equal(
    retryDelayMs(policy, 3, 0, () => 0),
    200,
  )
})

t.test('never sooner than the server asked for', async (t) => {
  t.equal(retryDelayMs(policy, 1, 5_000), 5_000)
})

t.test('what the error table calls temporary is tried again', async (t) => {
  t.ok(isRetryable(new CodedError('RATE_LIMITED', '')))
  t.ok(isRetryable(new CodedError('INTERNAL', '')))
  t.notOk(isRetryable(new CodedError('FORBIDDEN', '')))
  t.notOk(isRetryable(new Error('other')))
})
