/**
 * Every node is replaced under load, one after the other, as a deployment does: each drains, its clients move, nothing
 * acknowledged is lost and nobody is shown as gone.
 */
import { nodes } from './lib/run/env.ts'
import { scenario } from './lib/run/scenario.ts'
import { connectSecondsOf, talkThrough, upheavalSettings, upheavalThresholds } from './lib/run/upheaval.ts'

const settings = upheavalSettings({ users: 500, ciUsers: 100 })
const { users, calm, patienceMs } = settings
const connectSeconds = connectSecondsOf(settings)
/** Seconds that the replacement of one node may take at most. */
const secondsOfNode = 60

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'rolling-deploy',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + 2 * calm + nodes * secondsOfNode + Math.ceil((patienceMs * 3) / 1_000),
    action: 'replace-gateways',
    // Everybody was on some node, and each has gone once.
    thresholds: upheavalThresholds(settings, users),
  },
  (run) => talkThrough(run, 'replace-gateways', settings),
)

export { handleSummary, options, setup }
export default main
