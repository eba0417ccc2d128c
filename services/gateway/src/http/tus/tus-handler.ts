import { toCodedError } from '@earshot/core/clients/unavailable'
import { newMediaId } from '@earshot/core/media/media-doc'
import type { ResumableUploads } from '@earshot/core/media/resumable-uploads'
import type { UploadLocks } from '@earshot/core/media/upload-locks'
import type { CodedError } from '@earshot/protocol'
import { type Locker, Server } from '@tus/server'
import { TusDataStore } from './data-store.ts'

export const uploadsPath = '/media/uploads'
export const mediaIdHeader = 'media-id'

/** One who holds an upload while another waits has so long to finish a piece. */
const lockDrainMs = 1_000

export interface TusDeps {
  uploads: ResumableUploads
  locks: UploadLocks
  /** Bytes of one file. */
  maxBytes: number
}

/**
 * Answers one request of the tus protocol, as one user. The library's server is made for it: what it sees is that
 * user's alone.
 * @throws {CodedError} what failed on our side of the library
 */
export async function handleTus(deps: TusDeps, userId: string, request: Request): Promise<Response> {
  let failure: CodedError | undefined
  const server = new Server({
    path: uploadsPath,
    relativeLocation: true,
    datastore: new TusDataStore(deps.uploads, userId),
    locker: locker(deps.locks),
    lockDrainTimeout: lockDrainMs,
    maxSize: deps.maxBytes,
    namingFunction: newMediaId,
    disableTerminationForFinishedUploads: true,
    async onUploadFinish(_request, { id }) {
      await deps.uploads.finish(userId, id)
      return { headers: { [mediaIdHeader]: id } }
    },
    onResponseError(_request, error) {
      // The library's own errors are answers with a status; ours are translated where all are.
      if (!('status_code' in error)) failure = toCodedError(error)
      return undefined
    },
  })
  const response = await server.handleWeb(request)
  if (failure) throw failure
  return response
}

function locker(locks: UploadLocks): Locker {
  return {
    newLock(id) {
      let release: (() => Promise<void>) | undefined
      return {
        async lock(signal, onWanted) {
          release = await locks.take(id, { signal, onWanted })
        },
        async unlock() {
          await release?.()
        },
      }
    },
  }
}
