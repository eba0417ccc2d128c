/**
 * Is this a cluster that works? A hundred users in pairs across nodes, one group in each VU, an outsider who must hear
 * nothing, and presence at the end. Under 30 seconds.
 */
import { createGroup } from './lib/earshot/http.ts'
import { Judge } from './lib/judge/judge.ts'
import { burst } from './lib/run/burst.ts'
import { connectAll, spreadOverNodes } from './lib/run/crowd.ts'
import { limit, target, whole } from './lib/run/env.ts'
import { JudgedChat } from './lib/run/judged-chat.ts'
import { metrics, metricsSink } from './lib/run/metrics.ts'
import { pairsAcrossNodes } from './lib/run/pairs.ts'
import { atOnceMs, concludePresence, leave, presenceJudge, watch } from './lib/run/presence.ts'
import { reconcile } from './lib/run/reconcile.ts'
import { scenario } from './lib/run/scenario.ts'
import { latencyThresholds, never, noFaults, pairsThreshold } from './lib/run/thresholds.ts'

const users = whole('USERS', 100, { least: 8, most: 5_000 })
const messages = whole('MESSAGES', 400, { most: 20_000 })
const patienceMs = limit('PATIENCE_MS', 20_000, { loose: 120_000 })
const groupSize = 10
const connectSeconds = 3

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'smoke',
    users,
    usersPerVu: 50,
    connectSeconds,
    maxSeconds: 60 + Math.ceil((patienceMs * 4) / 1_000),
    thresholds: {
      ...noFaults,
      ...pairsThreshold(),
      ...never('presence_errors', 'presence_late', 'action_failures'),
      users_connected: [`count==${users}`],
      messages_delivered: [`count>=${messages}`],
      ...latencyThresholds(2_000),
    },
  },
  async (run) => {
    const presence = presenceJudge()
    const chat = new JudgedChat(new Judge(metricsSink), run.prefix, { presence })
    for (let i = 0; i < run.share(users); i++) chat.addUser()
    const perSecond = users / run.vus / (connectSeconds * 0.7)
    const crowd = await connectAll(chat.users, perSecond)
    await spreadOverNodes(crowd, perSecond)
    metrics.connected.add(crowd.length)
    const [outsider, ...talkers] = crowd
    if (!outsider || talkers.length < 4) throw new Error('hardly anybody could connect')
    for (const { userId } of crowd) presence.becomes(userId, true, Date.now(), atOnceMs)

    const pairs = pairsAcrossNodes(talkers).map(([a, b]) => {
      metrics.pairsAcrossNodes.add(a.node !== b.node)
      return chat.direct(a, b)
    })
    const talkerIds = talkers.map(({ userId }) => userId)
    const members = talkers.slice(0, groupSize)
    const asOwner = { target, token: members[0]?.token ?? '' }
    const { _id } = await createGroup(asOwner, 'smoke', talkerIds.slice(1, groupSize))
    const group = chat.group(_id, members)
    await watch(presence, outsider, talkerIds)
    await run.startTogether()

    await Promise.all([
      burst(chat, pairs, run.share(messages)),
      ...members.map((member) => chat.send(group, member)),
    ])
    await reconcile(chat, { patienceMs })

    // A third leaves, and it shows at once.
    for (const user of talkers.slice(0, Math.ceil(talkers.length / 3))) leave(presence, user)
    await concludePresence(presence, outsider, atOnceMs)
    for (const user of crowd) leave(presence, user)
  },
)

export { handleSummary, options, setup }
export default main
