/**
 * Ten thousand messages in flight at once, none lost, doubled, reordered or leaked: a thousand users in pairs across
 * nodes all send at one moment; then the same number at one moment into groups that span the nodes.
 */
import { Judge } from './lib/judge/judge.ts'
import { burst } from './lib/run/burst.ts'
import { limit, whole } from './lib/run/env.ts'
import { gatherPairs, inPairs, makeGroups } from './lib/run/gather.ts'
import { JudgedChat } from './lib/run/judged-chat.ts'
import { metricsSink } from './lib/run/metrics.ts'
import { conclude, settle } from './lib/run/reconcile.ts'
import { scenario } from './lib/run/scenario.ts'
import { latencyThresholds, noFaults, pairsThreshold } from './lib/run/thresholds.ts'

const users = whole('USERS', 1_000, { least: 4, most: 9_000, ci: 200 })
const messages = whole('MESSAGES', 10_000, { most: 200_000, ci: 2_000 })
const groupMessages = whole('GROUP_MESSAGES', messages, { least: 0, most: 200_000 })
const groupSize = whole('GROUP_SIZE', 5, { least: 2, most: 1_000 })
/** Users that connect each second, all VUs together. */
const rate = whole('RATE', 100, { ci: 50 })
/** Milliseconds for acknowledgements, and for the last deliveries. */
const patienceMs = limit('PATIENCE_MS', 60_000, { loose: 120_000 })
/** Milliseconds after the start at which the groups' burst begins; the one before it is over by then, or they overlap. */
const groupsAfterMs = whole('GROUPS_AFTER_MS', 20_000, { ci: 8_000 })
const connectSeconds = Math.ceil(users / rate) + 10

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'messages-10000',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + 30 + Math.ceil((patienceMs * 6) / 1_000),
    thresholds: {
      ...noFaults,
      ...pairsThreshold(),
      users_connected: [`count==${users}`],
      // Of ten thousand at one moment, on the cores that k6 needs as well.
      ...latencyThresholds(10_000),
      messages_acked: [`count>=${messages + groupMessages}`],
    },
  },
  async (run) => {
    const chat = new JudgedChat(new Judge(metricsSink), run.prefix)
    const someone = { reconnect: false as const, ackTimeoutMs: patienceMs }
    const { direct, pairs } = await gatherPairs(chat, run.share(users), rate / run.vus, someone)
    const groups = groupMessages > 0 ? await makeGroups(chat, inPairs(pairs), groupSize) : []
    await run.startTogether()

    await burst(chat, direct, run.share(messages))
    await settle(chat, direct, { patienceMs })
    if (groups.length > 0) {
      await run.startTogether(groupsAfterMs)
      await burst(chat, groups, run.share(groupMessages))
      await settle(chat, groups, { patienceMs })
    }
    await conclude(chat)
  },
)

export { handleSummary, options, setup }
export default main
