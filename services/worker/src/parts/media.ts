import { MediaReleaser } from '@earshot/core/media/media-releaser'
import { MediaStore } from '@earshot/core/media/media-store'
import { OrphanCollector } from '@earshot/core/media/orphan-collector'
import { UploadDiscarder } from '@earshot/core/media/upload-discarder'
import { UploadLocks } from '@earshot/core/media/upload-locks'
import { UploadStore } from '@earshot/core/media/upload-store'
import { PositionStore } from '@earshot/core/voice/position-store'
import { StagingAudit } from '@earshot/core/voice/staging-audit'
import type { VoiceQueues } from '@earshot/core/voice/voice-queues'
import type { Basis } from './basis.ts'

export type Media = ReturnType<typeof createMedia>

/** Bytes that nothing carries, and staged audio that no job stores. */
export function createMedia(basis: Basis, { store: queue }: VoiceQueues) {
  const { config, connected, stores, log, repeat } = basis
  const { db } = connected
  const { messages, blobs, staging } = stores

  const mediaStore = new MediaStore(db, { orphanMs: config.MEDIA_ORPHAN_TTL_S * 1_000 })
  const releaser = new MediaReleaser({
    store: mediaStore,
    blobs,
    staging,
    positions: new PositionStore(db),
  })
  const orphans = new OrphanCollector({
    store: mediaStore,
    messages,
    releaser,
    uploads: new UploadDiscarder({ store: new UploadStore(db), blobs, locks: new UploadLocks(db, log) }),
    blobs,
  })
  const audit = new StagingAudit({ staging, messages, blobs, queue, log })

  return {
    releaser,
    intervals: [
      repeat('media orphans', config.MEDIA_SWEEP_MS, () => orphans.run()),
      repeat('staging audit', 15_000, () => audit.run()),
    ],
  }
}
