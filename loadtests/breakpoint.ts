/**
 * The rate rises step by step until 95 of 100 messages are no longer acknowledged and delivered in time. The last step that
 * held is the knee.
 */
import type { JudgeSink } from './lib/judge/faults.ts'
import { Judge } from './lib/judge/judge.ts'
import { limit, whole } from './lib/run/env.ts'
import { gatherPairs } from './lib/run/gather.ts'
import { JudgedChat } from './lib/run/judged-chat.ts'
import { kneeText, percentile, rateOfStep, verdictOfStep } from './lib/run/knee.ts'
import { metrics, metricsSink } from './lib/run/metrics.ts'
import { atPace } from './lib/run/pace.ts'
import { reconcile } from './lib/run/reconcile.ts'
import { scenario } from './lib/run/scenario.ts'
import { alwaysRight, connectThreshold, never, pairsThreshold } from './lib/run/thresholds.ts'
import { Turns } from './lib/run/turns.ts'

const users = whole('USERS', 500, { least: 8, most: 9_000, ci: 60 })
/** Messages a second in the first step, all VUs together. */
const firstRate = whole('START_RATE', 100, { ci: 20 })
/** Percent that each step is above the one before. */
const step = whole('STEP', 25, { most: 200, ci: 50 })
/** Seconds of a step. */
const seconds = whole('STAGE', 10, { most: 3_600, ci: 3 })
/** A user may keep up 20 messages a second. */
const mostRate = whole('MAX_RATE', users * 15, { most: 100_000, ci: 100 })
/** Milliseconds within which 95 of 100 messages must be acknowledged, and delivered. */
const latencyMs = limit('BREAK_MS', 1_000, { loose: 15_000 })
const connectRate = whole('CONNECT_RATE', 50)
const patienceMs = limit('PATIENCE_MS', 60_000, { loose: 120_000 })
const connectSeconds = Math.ceil(users / connectRate) + 10
const steps = Array.from({ length: 200 }, (_, i) => rateOfStep(firstRate, step, i)).filter(
  (r) => r <= mostRate,
)

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'breakpoint',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + steps.length * (seconds + 5) + 60 + Math.ceil((patienceMs * 3) / 1_000),
    thresholds: {
      ...alwaysRight,
      ...pairsThreshold(),
      ...connectThreshold(),
      ...never('connect_failures'),
      users_connected: [`count==${users}`],
      // The first step held, in every VU.
      knee_rate: ['min>0'],
    },
    says: ({ metrics: figures }) => [
      kneeText({
        knee: figures.knee_rate?.values.min,
        highest: steps.at(-1) ?? firstRate,
        latencyMs,
        isK6s: (figures.knee_is_k6s?.values.count ?? 0) > 0,
      }),
    ],
  },
  async (run) => {
    const took: number[] = []
    const sink: JudgeSink = {
      ...metricsSink,
      acked(ms) {
        metricsSink.acked(ms)
        took.push(ms)
      },
      delivered(ms) {
        metricsSink.delivered(ms)
        took.push(ms)
      },
    }
    const chat = new JudgedChat(new Judge(sink), run.prefix, { retries: true })
    const { direct } = await gatherPairs(chat, run.share(users), connectRate / run.vus, {})
    await run.startTogether()

    let knee = 0
    const begun: Promise<void>[] = []
    const turns = new Turns(direct)
    for (const [i, rate] of steps.entries()) {
      await run.startTogether(i * seconds * 1_000)
      took.length = 0
      run.lag.takeMost()
      const until = Date.now() + seconds * 1_000
      // What is under way at the end of a step is not waited for: it is what the next one begins with.
      begun.push(
        atPace({ perSecond: rate / run.vus, until: () => until }, () => {
          const { channel, from } = turns.next()
          return chat.send(channel, from)
        }),
      )
      await run.startTogether((i + 1) * seconds * 1_000)
      const p95 = percentile(took, 0.95)
      const waiting = chat.judge.waitingForAck
      const verdict = verdictOfStep({
        p95,
        waiting,
        lagMs: run.lag.takeMost(),
        perSecond: rate / run.vus,
        latencyMs,
      })
      if (run.index === 0)
        console.info(`${rate} messages a second: p95 ${Math.round(p95)} ms, ${waiting} under way, ${verdict}`)
      if (verdict === 'k6') metrics.kneeIsK6s.add(1)
      if (verdict !== 'holds') break
      knee = rate
    }
    metrics.kneeRate.add(knee)
    await Promise.all(begun)
    await reconcile(chat, { patienceMs, live: false })
  },
)

export { handleSummary, options, setup }
export default main
