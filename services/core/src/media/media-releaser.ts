import { playbackId } from '../messages/message-doc.ts'
import type { PositionStore } from '../voice/position-store.ts'
import type { VoiceStaging } from '../voice/staging.ts'
import type { BlobStore } from './blob-store.ts'
import type { Carrier } from './media-doc.ts'
import type { MediaStore } from './media-store.ts'

/** Removes media that nothing carries any more. Every step may run twice; one that was cut short is taken up later. */
export class MediaReleaser {
  readonly #store: MediaStore
  readonly #blobs: BlobStore
  readonly #staging: VoiceStaging
  readonly #positions: PositionStore

  constructor(deps: {
    store: MediaStore
    blobs: BlobStore
    staging: VoiceStaging
    positions: PositionStore
  }) {
    this.#store = deps.store
    this.#blobs = deps.blobs
    this.#staging = deps.staging
    this.#positions = deps.positions
  }

  /**
   * A deleted message carries these no more: an upload goes when no other message carries it; recorded audio, which has
   * the message's id, what was made of it, and where people stopped in it, at once.
   * @param mediaIds `mediaOf(message)`, as it was before its deletion
   */
  async free(mediaIds: string[], carrier: Carrier): Promise<void> {
    for (const mediaId of mediaIds) {
      if (mediaId === carrier.messageId) {
        await this.#staging.drop(mediaId)
        await this.#blobs.delete(mediaId)
      } else if (mediaId === playbackId(carrier.messageId)) {
        await this.#blobs.delete(mediaId)
        await this.#positions.forget(carrier)
      } else await this.detach(mediaId, carrier)
    }
  }

  /** A message carries this upload no more. It goes with the last one. */
  async detach(mediaId: string, carrier: Carrier): Promise<void> {
    const left = await this.#store.detach(mediaId, carrier)
    if (left?.carriers.length === 0) await this.remove(mediaId)
  }

  /** Returns false when a message carries it after all. */
  async remove(mediaId: string): Promise<boolean> {
    if (!(await this.#store.condemn(mediaId))) return false
    await this.#blobs.delete(mediaId)
    await this.#store.delete(mediaId)
    return true
  }
}
