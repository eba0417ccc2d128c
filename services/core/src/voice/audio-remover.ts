import type { BlobStore } from '../media/blob-store.ts'
import type { VoiceStaging } from './staging.ts'

/** Removes the audio of voice messages, wherever it is by now. Ids of other media do no harm. */
export function audioRemover(deps: {
  staging: VoiceStaging
  blobs: BlobStore
}): (messageIds: string[]) => Promise<void> {
  return async (messageIds) => {
    for (const messageId of messageIds) {
      await deps.staging.drop(messageId)
      await deps.blobs.delete(messageId)
    }
  }
}
