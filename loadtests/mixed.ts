/**
 * A day's mix: text one-to-one and in groups, voice, typing, receipts, history, lists, and connections that are lost and
 * taken up again. At the end nothing is missing, all that was read counts as read, and presence is true.
 */
import { whole } from './lib/run/env.ts'
import { lifeThresholds, live, shareOfLife } from './lib/run/life.ts'
import { scenario } from './lib/run/scenario.ts'

const users = whole('USERS', 500, { least: 8, most: 9_000, ci: 60 })
/** Things that people do, a second, all VUs together. */
const rate = whole('RATE', 200, { most: 10_000, ci: 40 })
const duration = whole('DURATION', 120, { most: 86_400, ci: 10 })
const connectRate = whole('CONNECT_RATE', 50)
const connectSeconds = Math.ceil(users / connectRate) + Math.ceil(users / 100) + 10

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'mixed',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + duration + 360,
    thresholds: {
      ...lifeThresholds,
      users_connected: [`count==${users}`],
      actions: [`count>=${Math.floor(rate * duration * 0.9)}`],
      typing_heard: ['count>=1'],
      receipt_checks: ['count>=1'],
      audio_checked: ['count>=1'],
      // Some have come back.
      sockets_opened: [`count>${users}`],
    },
  },
  async (run) => {
    let end = Number.POSITIVE_INFINITY
    await live({
      ...shareOfLife(run, { users, connectRate, rate }),
      prefix: run.prefix,
      until: () => end,
      begin: async () => {
        await run.startTogether()
        end = Date.now() + duration * 1_000
      },
    })
  },
)

export { handleSummary, options, setup }
export default main
