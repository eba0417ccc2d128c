import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeFinisher } from '@earshot/core/changes/change-finisher'
import { ChangeService } from '@earshot/core/changes/change-service'
import { Interval } from '@earshot/core/interval'
import { MediaIntake } from '@earshot/core/media/media-intake'
import { MediaLibrary } from '@earshot/core/media/media-library'
import { MediaReleaser } from '@earshot/core/media/media-releaser'
import { TypePolicy } from '@earshot/core/media/type-policy'
import { Backlog } from '@earshot/core/messages/backlog'
import { Committer } from '@earshot/core/messages/committer'
import { ConversationReader } from '@earshot/core/messages/conversation-reader'
import { HistoryService } from '@earshot/core/messages/history-service'
import { MessageMedia } from '@earshot/core/messages/message-media'
import { MessageService } from '@earshot/core/messages/message-service'
import { createTextIndex, SearchService } from '@earshot/core/messages/search-service'
import { Sequencer } from '@earshot/core/messages/sequencer'
import { ReceiptService } from '@earshot/core/receipts/receipt-service'
import { VoicePositions } from '@earshot/core/voice/voice-positions'
import { voiceQueues } from '@earshot/core/voice/voice-queues'
import { VoiceSender } from '@earshot/core/voice/voice-sender'
import type { Basis } from './basis.ts'

/** Messages: sent, changed, read, found, and how far everybody has got. */
export async function createMessaging(basis: Basis) {
  const { config, connected, stores, status, prefix, access, rate, askRate, limits, fanout, metrics, log } =
    basis
  const { redis, producer, db } = connected
  const { messages, conversations, heads, marks, staging, blobs, positions: positionStore } = stores

  const queues = voiceQueues(
    producer,
    { prefix, attempts: config.VOICE_JOB_ATTEMPTS, backoffMs: config.VOICE_JOB_BACKOFF_MS },
    log,
  )
  const sequencer = new Sequencer({ redis, prefix, stream: 'seq', open: (ids) => heads.open(ids) })
  const committer = new Committer({
    store: messages,
    sequencer,
    heads,
    options: {
      batchMax: config.COMMIT_BATCH_MAX,
      timeoutMs: config.COMMIT_TIMEOUT_MS,
      windowMs: config.COMMIT_WINDOW_MS,
    },
    log,
    metrics,
  })
  const library = new MediaLibrary({ store: stores.media, access })
  const voice = new VoiceSender({
    ...{ staging, queues, library, log },
    intake: new MediaIntake({
      ...{ store: stores.media, blobs, log },
      // What may be spoken was checked before.
      types: new TypePolicy({ allow: '*', deny: '' }),
      maxBytes: limits.voiceMaxBytes,
    }),
  })
  const positions = new VoicePositions({ store: positionStore, messages, access, fanout })
  const receipts = new ReceiptService({
    marks,
    messages,
    access,
    sizes: stores.groupSizes,
    settings: stores.settings,
    sequencer,
    fanout,
  })
  const applier = new ChangeApplier(db)
  const intervals = [
    new Interval({ name: 'receipts', everyMs: 200, work: () => receipts.flush(), log }),
    new Interval({ name: 'voice positions', everyMs: 500, work: () => positions.flush(), log }),
  ]

  return {
    library,
    receipts,
    positions,
    messages: new MessageService({
      access,
      store: messages,
      committer,
      media: new MessageMedia({ library, voice, blobs, limits }),
      voice,
      fanout,
      rate,
      backlog: new Backlog({ max: config.COMMIT_QUEUE_MAX, maxBytes: config.SENDS_MAX_BYTES }),
      limits,
    }),
    history: new HistoryService({
      reader: new ConversationReader({ messages, changes: stores.changes, applier }),
      access,
      conversations,
      status,
      positions,
      limits,
      options: {
        syncMaxBytes: config.SYNC_MAX_BYTES,
        syncsAtOnce: config.SYNC_AT_ONCE,
        syncsWaiting: config.SYNC_WAITING_MAX,
      },
    }),
    changes: new ChangeService({
      messages,
      changes: stores.changes,
      finisher: new ChangeFinisher({
        changes: stores.changes,
        applier,
        messages,
        conversations,
        media: new MediaReleaser({ store: stores.media, blobs, staging, positions: positionStore }),
        fanout,
      }),
      sequencer: new Sequencer({
        redis,
        prefix,
        stream: 'cseq',
        open: async (ids) =>
          new Map(await Promise.all(ids.map(async (id) => [id, await stores.changes.headSeq(id)] as const))),
      }),
      access,
      rate,
      limits,
    }),
    search: new SearchService({
      db,
      messages,
      conversations,
      memberships: stores.memberships,
      access,
      status,
      rate: askRate,
      hasTextIndex: await createTextIndex(db),
    }),
    start(): void {
      redis.on('ready', () => {
        for (const notes of [heads, marks])
          notes.noteAgain().catch((err: unknown) => log.warn({ err }, 'noting again'))
      })
      for (const interval of intervals) interval.start()
    },
    /** Resolves when everything that was taken is in MongoDB and answered. */
    drained: () => committer.drained(),
    async stop(): Promise<void> {
      for (const interval of intervals) await interval.stop()
      await positions.flush()
      await receipts.flush()
    },
    close: () => queues.close(),
  }
}
