import type { LoadedConfig } from '@earshot/core/config/load'
import type { ConversationStore } from '@earshot/core/conversations/conversation-store'
import type { Fanout } from '@earshot/core/fanout'
import type { BlobStore } from '@earshot/core/media/blob-store'
import type { MessageStore } from '@earshot/core/messages/message-store'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { Semaphore } from '@earshot/core/semaphore'
import { Ffmpeg } from '@earshot/core/voice/ffmpeg'
import type { VoiceStaging } from '@earshot/core/voice/staging'
import { TranscriptionClient } from '@earshot/core/voice/transcription-client'
import { VoicePreparer } from '@earshot/core/voice/voice-preparer'
import type { VoiceQueues } from '@earshot/core/voice/voice-queues'
import { VoiceStorer } from '@earshot/core/voice/voice-storer'
import { VoiceTranscriber } from '@earshot/core/voice/voice-transcriber'
import type { Redis } from 'ioredis'
import { startJobWorker } from './job-worker.ts'
import { VoiceFailures } from './voice-failures.ts'
import { prepareJob, storeJob, transcribeJob } from './voice-jobs.ts'

/** In memory while it is stored, of all jobs together; it is there about twice more while it is sent. */
const audioBytes = 16 * 1024 * 1024
/** Who listens plays what was sent meanwhile. */
const storePauseMs = 25

export interface VoiceWorkers {
  /** Waits for what stores audio; what takes longer is broken off, for another worker to do. */
  close(): Promise<void>
}

export interface VoiceWorkersDeps {
  config: LoadedConfig
  connection: Redis
  messages: MessageStore
  conversations: ConversationStore
  staging: VoiceStaging
  blobs: BlobStore
  queues: VoiceQueues
  fanout: Fanout
  log: Logger
  metrics: Metrics
}

/** Starts all that works on voice messages, as far as this machine and the settings allow. */
export async function startVoiceWorkers(deps: VoiceWorkersDeps): Promise<VoiceWorkers> {
  const { config, connection, messages, conversations, staging, blobs, log } = deps
  const leaving = new AbortController()
  const { signal } = leaving
  const worker = {
    ...{ connection, prefix: config.REDIS_PREFIX, lockMs: config.VOICE_LOCK_MS },
    ...{ leaving: signal, log },
  }
  const telling = { ...deps, failures: new VoiceFailures(deps) }
  const transcriber = transcriberOf(deps)
  const preparer = new VoicePreparer({
    messages,
    conversations,
    blobs,
    tool: await audioTool(config, log),
    makesPlayback: config.VOICE_PLAYBACK,
  })
  const kinds = [
    storeJob(
      {
        storer: new VoiceStorer({
          messages,
          staging,
          blobs,
          memory: new Semaphore(audioBytes),
          leaving: signal,
          pauseMs: storePauseMs,
        }),
        concurrency: config.VOICE_CONCURRENCY,
        next: config.VOICE_FFMPEG === 'off' ? transcriber && 'transcribe' : 'prepare',
      },
      telling,
    ),
    prepareJob(
      {
        preparer,
        concurrency: config.VOICE_PREPARE_CONCURRENCY,
        isTranscribed: transcriber !== undefined,
        signal,
      },
      telling,
    ),
    ...(transcriber
      ? [transcribeJob({ transcriber, concurrency: config.TRANSCRIBE_CONCURRENCY, signal }, telling)]
      : []),
  ]
  const workers = kinds.map((kind) => startJobWorker(kind, worker))
  return {
    async close() {
      leaving.abort(new Error('the worker is leaving'))
      await Promise.all(workers.map((one) => one.close()))
    },
  }
}

async function audioTool(config: LoadedConfig, log: Logger): Promise<Ffmpeg | undefined> {
  const { VOICE_FFMPEG: command } = config
  if (command === 'off') return undefined
  const version = await Ffmpeg.version(command)
  if (version === undefined) {
    log.warn({ command }, 'no ffmpeg: voice messages stay as they are sent, without waveforms of our own')
    return undefined
  }
  log.info({ version }, 'voice messages are prepared by ffmpeg')
  return new Ffmpeg({
    command,
    // What lies a little beyond the limit is told from what lies far beyond.
    maxSeconds: config.LIMIT_VOICE_MAX_SECONDS + 60,
    timeoutMs: config.VOICE_FFMPEG_TIMEOUT_MS,
    cpuSeconds: config.VOICE_FFMPEG_CPU_S,
    memoryBytes: config.VOICE_FFMPEG_MEMORY_BYTES,
  })
}

function transcriberOf(deps: VoiceWorkersDeps): VoiceTranscriber | undefined {
  const { config, messages, conversations, blobs } = deps
  if (config.TRANSCRIBE_URL === undefined) return undefined
  const client = new TranscriptionClient({
    url: config.TRANSCRIBE_URL,
    key: config.TRANSCRIBE_KEY,
    model: config.TRANSCRIBE_MODEL,
    language: config.TRANSCRIBE_LANGUAGE,
    timeoutMs: config.TRANSCRIBE_TIMEOUT_MS,
  })
  const limits = { maxBytes: config.TRANSCRIBE_MAX_BYTES, maxSeconds: config.TRANSCRIBE_MAX_SECONDS }
  return new VoiceTranscriber({ messages, conversations, blobs, client, limits })
}
