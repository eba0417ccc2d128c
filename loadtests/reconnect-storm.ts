/**
 * A node is killed (SIGKILL) under load, and everybody who was on it comes back at once: nothing acknowledged is lost, what
 * was missed is found by asking, and nobody who comes back soon is shown as gone.
 */
import { scenario } from './lib/run/scenario.ts'
import { connectSecondsOf, talkThrough, upheavalSettings, upheavalThresholds } from './lib/run/upheaval.ts'

const settings = upheavalSettings({ users: 1_000, ciUsers: 100 })
const { users, calm, patienceMs } = settings
const connectSeconds = connectSecondsOf(settings)

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'reconnect-storm',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + 2 * calm + 120 + Math.ceil((patienceMs * 3) / 1_000),
    action: 'kill-gateway',
    // The balancer spreads users evenly, more or less.
    thresholds: upheavalThresholds(settings, Math.floor(users / 10)),
  },
  (run) => talkThrough(run, 'kill-gateway', settings),
)

export { handleSummary, options, setup }
export default main
