/**
 * Ten thousand messages in flight at once, none lost, doubled, reordered or leaked: a thousand users in pairs across
 * nodes all send at one moment; then the same number at one moment into groups that span the nodes.
 */
import { createGroup } from './lib/earshot/http.ts'
import type { EarshotUser } from './lib/earshot/user.ts'
import { Judge } from './lib/judge/judge.ts'
import { burst } from './lib/run/burst.ts'
import { connectQuietly } from './lib/run/crowd.ts'
import { target, whole } from './lib/run/env.ts'
import { handleSummaryOf } from './lib/run/handle-summary.ts'
import { type Channel, JudgedChat } from './lib/run/judged-chat.ts'
import { metrics, metricsSink } from './lib/run/metrics.ts'
import { pairsAcrossNodes } from './lib/run/pairs.ts'
import { conclude, settle } from './lib/run/reconcile.ts'
import {
  finished,
  noFaults,
  pairsThreshold,
  type Run,
  scenarioOptions,
  shareOf,
  startRun,
  startTogether,
  vuIndex,
  vusFor,
} from './lib/run/scenario.ts'
import { eachOf, tryAgain } from './lib/run/wait.ts'

const users = whole('USERS', 1_000, { least: 4, most: 9_000 })
const messages = whole('MESSAGES', 10_000, { most: 200_000 })
const groupMessages = whole('GROUP_MESSAGES', messages, { least: 0, most: 200_000 })
const groupSize = whole('GROUP_SIZE', 5, { least: 2, most: 1_000 })
/** Users that connect each second, all VUs together. */
const rate = whole('RATE', 100)
/** Milliseconds for acknowledgements, and for the last deliveries. */
const patienceMs = whole('PATIENCE_MS', 60_000)
/** Milliseconds after the start at which the groups' burst begins; the one before it is over by then, or they overlap. */
const groupsAfterMs = whole('GROUPS_AFTER_MS', 20_000)
const groupsAtOnce = 2
const vus = vusFor(users, 100)
const connectSeconds = Math.ceil(users / rate) + 10

export const options = scenarioOptions({
  vus,
  maxSeconds: connectSeconds + 30 + Math.ceil((patienceMs * 6) / 1_000),
  thresholds: {
    ...noFaults,
    ...pairsThreshold(),
    users_connected: [`count==${users}`],
    messages_acked: [`count>=${messages + groupMessages}`],
  },
})

export const handleSummary = handleSummaryOf('messages-10000')

export const setup = (): Run => startRun(connectSeconds)

export default async function messagesAtOnce(run: Run): Promise<void> {
  const chat = new JudgedChat(new Judge(metricsSink), `${run.id}-${vuIndex()}`)
  for (let i = 0; i < shareOf(users, vus); i++) {
    chat.addUser({ reconnect: false, ackTimeoutMs: patienceMs })
  }
  const crowd = await connectQuietly(chat.users, rate / vus)
  const pairs = pairsAcrossNodes(crowd)
  for (const [a, b] of pairs) metrics.pairsAcrossNodes.add(a.node !== b.node)
  const direct = pairs.map(([a, b]) => chat.direct(a, b))
  const groups = groupMessages > 0 ? await makeGroups(chat, pairs.flat()) : []
  await startTogether(run)

  await burst(chat, direct, shareOf(messages, vus))
  await settle(chat, direct, { patienceMs })
  if (groups.length > 0) {
    await startTogether({ ...run, startAt: run.startAt + groupsAfterMs })
    await burst(chat, groups, shareOf(groupMessages, vus))
    await settle(chat, groups, { patienceMs })
  }
  await conclude(chat)
  for (const { socket } of crowd) socket.disconnect()
  finished()
}

/** Everybody is in one, beside their partner on another node. */
async function makeGroups(chat: JudgedChat, members: EarshotUser[]): Promise<Channel[]> {
  const everybody = [...new Set(members)]
  const groups: Channel[] = []
  const parts = Array.from({ length: Math.ceil(everybody.length / groupSize) }, (_, i) =>
    everybody.slice(i * groupSize, (i + 1) * groupSize),
  )
  await eachOf(parts, groupsAtOnce, async ([owner, ...others]) => {
    if (!owner || others.length === 0) return
    const memberIds = others.map(({ userId }) => userId)
    // Making groups is not what is judged here; that it had to be tried again shows in http_req_failed.
    const { _id } = await tryAgain(3, () => createGroup({ target, token: owner.token }, 'Load', memberIds))
    groups.push(chat.group(_id, [owner, ...others]))
  })
  return groups
}
