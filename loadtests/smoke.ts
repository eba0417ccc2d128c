/**
 * Is this a cluster that works? A hundred users in pairs across nodes, one group in each VU, an outsider who must hear
 * nothing, and presence at the end. Under 30 seconds.
 */
import { createGroup } from './lib/earshot/http.ts'
import { Judge } from './lib/judge/judge.ts'
import { burst } from './lib/run/burst.ts'
import { connectAll, spreadOverNodes } from './lib/run/crowd.ts'
import { target, whole } from './lib/run/env.ts'
import { handleSummaryOf } from './lib/run/handle-summary.ts'
import { JudgedChat } from './lib/run/judged-chat.ts'
import { metrics, metricsSink } from './lib/run/metrics.ts'
import { pairsAcrossNodes } from './lib/run/pairs.ts'
import { atOnceMs, concludePresence, leave, presenceJudge, watch } from './lib/run/presence.ts'
import { reconcile } from './lib/run/reconcile.ts'
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

const users = whole('USERS', 100, { least: 8, most: 5_000 })
const messages = whole('MESSAGES', 400, { most: 20_000 })
const vus = vusFor(users, 50)
const groupSize = 10
const connectSeconds = 3

export const options = scenarioOptions({
  vus,
  maxSeconds: 60,
  thresholds: {
    ...noFaults,
    ...pairsThreshold(),
    presence_errors: ['count==0'],
    users_connected: [`count==${users}`],
    messages_delivered: [`count>=${messages}`],
    delivery_latency: ['p(95)<2000'],
  },
})

export const handleSummary = handleSummaryOf('smoke')

export const setup = (): Run => startRun(connectSeconds)

export default async function smoke(run: Run): Promise<void> {
  const judge = new Judge(metricsSink)
  const presence = presenceJudge()
  const chat = new JudgedChat(judge, `${run.id}-${vuIndex()}`, { presence })
  for (let i = 0; i < shareOf(users, vus); i++) chat.addUser()
  const perSecond = users / vus / (connectSeconds * 0.7)
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
  const members = talkers.slice(0, groupSize)
  const [owner, ...others] = members
  const { _id } = await createGroup(
    { target, token: owner?.token ?? '' },
    'smoke',
    others.map(({ userId }) => userId),
  )
  const group = chat.group(_id, members)
  await watch(
    presence,
    outsider,
    talkers.map(({ userId }) => userId),
  )
  await startTogether(run)

  await Promise.all([
    burst(chat, pairs, shareOf(messages, vus)),
    ...members.map((member) => chat.send(group, member)),
  ])
  await reconcile(chat)

  // A third leaves, and it shows at once.
  for (const user of talkers.slice(0, Math.ceil(talkers.length / 3))) leave(presence, user)
  await concludePresence(presence, outsider, atOnceMs)
  for (const user of crowd) leave(presence, user)
  finished()
}
