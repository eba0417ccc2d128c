import type { Fanout } from '@earshot/core/fanout'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { TranscriptionRefusedError } from '@earshot/core/voice/transcription-client'
import type { VoicePreparer } from '@earshot/core/voice/voice-preparer'
import {
  type VoiceJob,
  type VoiceJobs,
  type VoiceStep,
  voiceQueueNames,
} from '@earshot/core/voice/voice-queue'
import type { VoiceQueues } from '@earshot/core/voice/voice-queues'
import { AudioLostError, type VoiceStorer } from '@earshot/core/voice/voice-storer'
import type { VoiceTranscriber } from '@earshot/core/voice/voice-transcriber'
import type { JobKind } from './job-worker.ts'
import { tellVoice } from './tell-voice.ts'
import type { VoiceFailures } from './voice-failures.ts'

interface Telling {
  queues: VoiceQueues
  fanout: Fanout
  failures: VoiceFailures
  log: Logger
  metrics: Metrics
}

/** What the kinds have in common. */
function common(
  step: VoiceStep,
  { failures, metrics }: Telling,
): Pick<JobKind<VoiceJob>, 'queue' | 'onDying' | 'count'> {
  return {
    queue: voiceQueueNames[step],
    onDying: (job, error) => failures.note(job, step, error),
    count: (result) => metrics.voiceJobs.inc({ result }),
  }
}

/** Audio into the blob store, then the rooms are told where it is: of one message, or of several that were committed together. */
export function storeJob(
  {
    storer,
    concurrency,
    next,
  }: {
    storer: VoiceStorer
    concurrency: number
    /** What is done then; `undefined`: no more, and no job for it. */
    next: 'prepare' | 'transcribe' | undefined
  },
  telling: Telling,
): JobKind<VoiceJob | VoiceJobs> {
  const { queues, fanout, failures, log, metrics } = telling
  const store = async (job: VoiceJob) => {
    const doc = await storer.store(job)
    if (!doc?.voiceMessage) {
      log.info(job, 'voice job without a message, dropped')
      return
    }
    const { messageId, correlationId } = job
    if (next) await queues[next].add({ messageId, correlationId })
    tellVoice(fanout, 'voice_message_stored', doc)
    metrics.voiceJobs.inc({ result: 'stored' })
    log.info({ messageId, correlationId, bytes: doc.voiceMessage.size }, 'voice stored')
  }
  return {
    queue: voiceQueueNames.store,
    concurrency,
    isHopeless: (error) => error instanceof AudioLostError,
    async run(job) {
      if (!('together' in job)) return store(job)
      const { together } = job
      const outcomes = await Promise.allSettled(together.map(store))
      // From here on each by itself: what one meets is not to hold up the others, nor to be counted as theirs.
      const again = outcomes.map(async (outcome, i) => {
        const one = together[i]
        if (outcome.status === 'fulfilled' || !one) return
        log.debug({ err: outcome.reason, ...one }, 'voice job failed, trying again by itself')
        await queues.store.addAlone(one)
      })
      await Promise.all(again)
    },
    // One of several does not fail: see above.
    onDying: async (job, error) => ('together' in job ? undefined : failures.note(job, 'store', error)),
    count: (result) => metrics.voiceJobs.inc({ result }),
  }
}

/** The audio looked into, and made playable everywhere. */
export function prepareJob(
  {
    preparer,
    concurrency,
    isTranscribed,
    signal,
  }: { preparer: VoicePreparer; concurrency: number; isTranscribed: boolean; signal: AbortSignal },
  telling: Telling,
): JobKind<VoiceJob> {
  const { queues, fanout, log, metrics } = telling
  return {
    ...common('prepare', telling),
    concurrency,
    isHopeless: () => false,
    async run(job) {
      const prepared = await preparer.prepare(job.messageId, signal)
      if (!prepared) return
      if (isTranscribed) await queues.transcribe.add(job)
      if (prepared.isNews) tellVoice(fanout, 'voice_message_stored', prepared.doc)
      metrics.voiceJobs.inc({ result: 'prepared' })
      log.info(job, 'voice prepared')
    },
  }
}

/** The words of it. */
export function transcribeJob(
  {
    transcriber,
    concurrency,
    signal,
  }: { transcriber: VoiceTranscriber; concurrency: number; signal: AbortSignal },
  telling: Telling,
): JobKind<VoiceJob> {
  const { fanout, log, metrics } = telling
  return {
    ...common('transcribe', telling),
    concurrency,
    isHopeless: (error) => error instanceof TranscriptionRefusedError,
    async run(job) {
      const doc = await transcriber.transcribe(job.messageId, signal)
      if (!doc) return
      tellVoice(fanout, 'voice_message_transcribed', doc)
      metrics.voiceJobs.inc({ result: 'transcribed' })
      log.info(job, 'voice transcribed')
    },
  }
}
