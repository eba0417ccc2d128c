import { Judge } from '../judge/judge.ts'
import { type DayOptions, day } from './day.ts'
import { limit, whole } from './env.ts'
import { gatherPairs, inPairs, makeGroups } from './gather.ts'
import { JudgedChat } from './judged-chat.ts'
import { countFault, metrics, metricsSink } from './metrics.ts'
import { atOnceMs, concludePresence, leave, presenceJudge, watch } from './presence.ts'
import { checkReceipts } from './receipt-check.ts'
import { reconcile } from './reconcile.ts'
import type { Run } from './run.ts'
import { alwaysRight, latencyThresholds, never, pairsThreshold, type Thresholds } from './thresholds.ts'
import { VoiceCheck } from './voice-check.ts'
import { eachOf, until } from './wait.ts'

const patienceMs = limit('PATIENCE_MS', 60_000, { loose: 120_000 })
const groupSize = whole('GROUP_SIZE', 6, { least: 2, most: 100 })
/** Whose lists are looked at at the end, of each VU. */
const checkedUsers = 10

export interface Life {
  /** Of this VU. */
  users: number
  connectPerSecond: number
  /** Things that people do, in this VU. */
  perSecond: number
  /** Milliseconds since 1970. */
  until: () => number
  /** Of ids; no other crowd of the run has it. */
  prefix: string
  /** Resolves when the day begins. */
  begin?: () => Promise<void>
}

/** What must hold of people who live a day: they lose connections, so that not everything comes by itself. */
export const lifeThresholds: Thresholds = {
  ...alwaysRight,
  ...pairsThreshold(),
  ...latencyThresholds(3_000),
  ...never('connect_failures', 'connections_lost', 'action_failures'),
  ...never('presence_errors', 'presence_late', 'presence_flickers'),
  ...never('receipt_errors', 'audio_wrong', 'audio_missing'),
}

/** A crowd that comes, lives a day, is judged, and leaves. */
export async function live(life: Life): Promise<void> {
  const presence = presenceJudge()
  const voice = new VoiceCheck()
  const also: typeof voice.listen = (self) => ({
    ...voice.listen(self),
    typing: () => metrics.typingHeard.add(1),
  })
  const chat = new JudgedChat(new Judge(metricsSink), life.prefix, { retries: true, presence, also })
  const { crowd, pairs, direct } = await gatherPairs(chat, life.users, life.connectPerSecond, {})
  for (const { userId } of crowd) presence.becomes(userId, true, Date.now(), atOnceMs)
  await eachOf(pairs, 8, async ([a, b]) => {
    await watch(presence, a, [b.userId])
    await watch(presence, b, [a.userId])
  })
  const groups = await makeGroups(chat, inPairs(pairs), groupSize)
  await life.begin?.()

  const options: DayOptions = { chat, voice, direct, groups }
  await day(options, { perSecond: life.perSecond, until: life.until })
  await until(() => crowd.every(({ socket }) => socket.isConnected), patienceMs)
  await reconcile(chat, { patienceMs, live: false })
  await voice.conclude(chat, patienceMs)
  await eachOf(crowd.slice(0, checkedUsers), 4, (user) =>
    checkReceipts(user, patienceMs).catch((error) =>
      countFault(metrics.receiptErrors, 'receipt_errors', String(error)),
    ),
  )
  const [asker, ...others] = crowd
  if (!asker) return
  for (const user of others) leave(presence, user)
  await concludePresence(presence, asker, atOnceMs)
  leave(presence, asker)
}

/** So that a scenario need not know of VUs. */
export function shareOfLife(
  run: Run,
  { users, connectRate, rate }: { users: number; connectRate: number; rate: number },
) {
  return { users: run.share(users), connectPerSecond: connectRate / run.vus, perSecond: rate / run.vus }
}
