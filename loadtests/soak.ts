/**
 * Hours of a day's mix, in rounds: in each a new crowd comes, lives, is judged to the last message, and leaves. What leaks
 * (memory, presence, connections) shows in the end.
 */
import { whole } from './lib/run/env.ts'
import { lifeThresholds, live, shareOfLife } from './lib/run/life.ts'
import { metrics } from './lib/run/metrics.ts'
import { scenario } from './lib/run/scenario.ts'

const users = whole('USERS', 200, { least: 8, most: 9_000, ci: 40 })
const rate = whole('RATE', 40, { most: 10_000, ci: 20 })
/** Seconds of all rounds; the one that has begun is ended. */
const duration = whole('DURATION', 3_600, { most: 7 * 86_400, ci: 20 })
/** Seconds of talk in a round. */
const round = whole('ROUND', 60, { most: 3_600, ci: 5 })
const connectRate = whole('CONNECT_RATE', 20)
const connectSeconds = 2
/** Shorter, and a heap that grows to its size looks like a leak. */
const leastForMemory = 600

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'soak',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: duration + round + Math.ceil(users / connectRate) + 360,
    thresholds: {
      ...lifeThresholds,
      users_connected: [`count>=${users}`],
      rounds: ['count>=1'],
    },
    ...(duration >= leastForMemory && { servers: { memoryGrowth: 1.3 } }),
  },
  async (run) => {
    await run.startTogether()
    const end = Date.now() + duration * 1_000
    for (let number = 0; number === 0 || Date.now() < end; number++) {
      let roundEnd = Number.POSITIVE_INFINITY
      await live({
        ...shareOfLife(run, { users, connectRate, rate }),
        prefix: `${run.prefix}-r${number}`,
        until: () => roundEnd,
        begin: async () => {
          roundEnd = Date.now() + round * 1_000
        },
      })
      metrics.rounds.add(1)
    }
  },
)

export { handleSummary, options, setup }
export default main
