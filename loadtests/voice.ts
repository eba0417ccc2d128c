/**
 * Voice messages at a steady rate, one-to-one across nodes: each arrives once and playable at once, is stored, and what is
 * stored is what was said, to the byte.
 */
import { Judge } from './lib/judge/judge.ts'
import { makeClips } from './lib/run/clips.ts'
import { limit, whole } from './lib/run/env.ts'
import { gatherPairs } from './lib/run/gather.ts'
import { JudgedChat } from './lib/run/judged-chat.ts'
import { metricsSink } from './lib/run/metrics.ts'
import { atPace } from './lib/run/pace.ts'
import { reconcile } from './lib/run/reconcile.ts'
import { scenario } from './lib/run/scenario.ts'
import { latencyThresholds, never, noFaults, pairsThreshold } from './lib/run/thresholds.ts'
import { Turns } from './lib/run/turns.ts'
import { VoiceCheck } from './lib/run/voice-check.ts'

const users = whole('USERS', 200, { least: 4, most: 9_000, ci: 40 })
/** Recordings a second, all VUs together. */
const rate = whole('RATE', 20, { most: 1_000, ci: 10 })
/** Seconds of talking. */
const duration = whole('DURATION', 60, { most: 86_400, ci: 10 })
/** Of one recording: ten seconds of speech. */
const bytes = whole('BYTES', 50_000, { least: 1_000, most: 3_000_000 })
const patienceMs = limit('PATIENCE_MS', 60_000, { loose: 120_000 })
/** Within which 95 of 100 recordings are stored. */
const storedMs = limit('STORED_MS', 5_000, { loose: 30_000 })
const clipsOfVu = 8
const connectSeconds = Math.ceil(users / 50) + 5

const { options, setup, handleSummary, main } = scenario(
  {
    name: 'voice',
    users,
    usersPerVu: 100,
    connectSeconds,
    maxSeconds: connectSeconds + duration + 30 + Math.ceil((patienceMs * 4) / 1_000),
    thresholds: {
      ...noFaults,
      ...pairsThreshold(),
      ...never('audio_wrong', 'audio_missing'),
      ...latencyThresholds(3_000),
      users_connected: [`count==${users}`],
      // Each is looked at when it arrives and when it is stored; a few seconds of a slow machine are allowed for.
      audio_checked: [`count>=${Math.floor(rate * duration)}`],
      voice_stored_time: [`p(95)<${storedMs}`],
    },
  },
  async (run) => {
    const voice = new VoiceCheck()
    const chat = new JudgedChat(new Judge(metricsSink), run.prefix, { also: voice.listen })
    const clips = makeClips(clipsOfVu, bytes)
    const { direct } = await gatherPairs(chat, run.share(users), 50 / run.vus)
    await run.startTogether()
    const turns = new Turns(direct)
    const until = Date.now() + duration * 1_000
    await atPace({ perSecond: rate / run.vus, until: () => until }, (i) => {
      const { channel, from } = turns.next()
      return voice.send(chat, channel, from, clips[i % clips.length] as (typeof clips)[number])
    })
    await reconcile(chat, { patienceMs })
    await voice.conclude(chat, patienceMs)
  },
)

export { handleSummary, options, setup }
export default main
