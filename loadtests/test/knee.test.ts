import { test } from 'tap'
import { kneeText, percentile, rateOfStep, verdictOfStep } from '../lib/run/knee.ts'

const step = { p95: 100, waiting: 0, lagMs: 0, perSecond: 100, latencyMs: 1_000 }

test('a step breaks when answers are late or do not come, unless k6 was', async (t) => {
  t.equal(verdictOfStep(step), 'holds')
  t.equal(verdictOfStep({ ...step, p95: 1_000 }), 'breaks')
  t.equal(verdictOfStep({ ...step, waiting: 201 }), 'breaks')
  t.equal(verdictOfStep({ ...step, p95: 1_000, lagMs: 501 }), 'k6')
  t.equal(verdictOfStep({ ...step, lagMs: 5_000 }), 'holds')
})

test('steps rise by percents', async (t) => {
  t.strictSame(
    [0, 1, 2].map((i) => rateOfStep(100, 25, i)),
    [100, 125, 156],
  )
})

test('percentiles', async (t) => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  t.equal(percentile(values, 0.95), 96)
  t.equal(percentile([7], 0.95), 7)
  t.equal(percentile([], 0.95), 0)
})

test('the knee in words', async (t) => {
  const found = { highest: 1_000, latencyMs: 500, isK6s: false }
  t.match(kneeText({ ...found, knee: 300 }), /^Knee: 300 messages a second .* within 500 ms\.$/)
  t.match(kneeText({ ...found, knee: 300, isK6s: true }), /k6 itself was held up/)
  t.match(kneeText({ ...found, knee: 1_000 }), /^No knee up to 1000/)
  t.match(kneeText({ ...found, knee: 0 }), /the first step did not hold/)
})
