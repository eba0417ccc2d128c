import { InlineMedia } from '@earshot/core/legacy/inline-media'
import { MediaIntake } from '@earshot/core/media/media-intake'
import type { MediaLibrary } from '@earshot/core/media/media-library'
import { MediaService } from '@earshot/core/media/media-service'
import { MediaSigner } from '@earshot/core/media/media-signer'
import { ResumableUploads } from '@earshot/core/media/resumable-uploads'
import { TypePolicy } from '@earshot/core/media/type-policy'
import { UploadDiscarder } from '@earshot/core/media/upload-discarder'
import { UploadLocks } from '@earshot/core/media/upload-locks'
import { UploadSlots } from '@earshot/core/media/upload-slots'
import { UploadStore } from '@earshot/core/media/upload-store'
import type { Basis } from './basis.ts'

/** Files and audio: how they come in, and how they are fetched. */
export function createMedia(
  { config, connected, stores, access, limits, log }: Basis,
  library: MediaLibrary,
) {
  const { messages, staging, blobs } = stores
  const intake = new MediaIntake({
    store: stores.media,
    blobs,
    types: new TypePolicy({ allow: config.MEDIA_ALLOW_TYPES, deny: config.MEDIA_DENY_TYPES }),
    maxBytes: limits.fileMaxBytes,
    log,
  })
  const uploadStore = new UploadStore(connected.db)
  const locks = new UploadLocks(connected.db, log)
  return {
    intake,
    locks,
    media: new MediaService({
      library,
      messages,
      access,
      staging,
      blobs,
      inline: new InlineMedia(connected.db),
    }),
    signer: new MediaSigner({
      secret: config.MEDIA_SECRET ?? config.JWT_SECRET,
      ttlSeconds: config.MEDIA_URL_TTL_S,
    }),
    uploads: new ResumableUploads({
      store: uploadStore,
      blobs,
      intake,
      discarder: new UploadDiscarder({ store: uploadStore, blobs, locks }),
      locks,
      ttlMs: config.MEDIA_ORPHAN_TTL_S * 1_000,
    }),
    slots: new UploadSlots({ max: config.MEDIA_UPLOADS_MAX, maxPerUser: config.MEDIA_UPLOADS_PER_USER }),
  }
}
