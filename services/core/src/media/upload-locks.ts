import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { CodedError } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import type { Logger } from '../observability/logger.ts'

interface LockDoc {
  /** The upload's. */
  _id: string
  token: string
  /** Until then it is held, unless renewed. */
  until: Date
  /** Another request waits for it. */
  isWanted: boolean
}

/** A dead node's uploads wait as long. */
const leaseMs = 5_000
const renewMs = 1_000
const pollMs = 150
/** Longest wait; a holder that is alive lets go sooner. */
const waitMs = 15_000

/** A lock on an upload, over all nodes. The one who waits asks the holder to let go, who may be on a dead line. */
export class UploadLocks {
  readonly #locks: Collection<LockDoc>
  readonly #log: Logger

  constructor(db: Db, log: Logger) {
    this.#locks = db.collection<LockDoc>('upload_locks')
    this.#log = log
  }

  /**
   * Resolves with what releases the lock.
   * @param options `signal` ends the wait; `onWanted` is called when another request waits for it, or it was lost
   * @throws {CodedError} `RETRY_LATER` when the holder does not let go; the signal's reason when that comes first
   */
  async take(
    uploadId: string,
    { signal, onWanted }: { signal?: AbortSignal; onWanted?: () => void } = {},
  ): Promise<() => Promise<void>> {
    const token = randomBytes(9).toString('base64url')
    const deadline = Date.now() + waitMs
    while (!(await this.#try(uploadId, token))) {
      if (Date.now() > deadline) {
        throw new CodedError('RETRY_LATER', 'Another request holds the upload.', { retryAfterMs: 2_000 })
      }
      await this.#locks.updateOne({ _id: uploadId }, { $set: { isWanted: true } })
      await wait(pollMs, undefined, signal && { signal })
    }
    const timer = setInterval(() => {
      this.#renew(uploadId, token).then(
        (isOurs) => {
          if (!isOurs) onWanted?.()
        },
        // Not renewed it ends by itself, and a part written without it is refused.
        (err: unknown) => this.#log.debug({ err, uploadId }, 'upload lock not renewed'),
      )
    }, renewMs)
    return async () => {
      clearInterval(timer)
      await this.#locks.deleteOne({ _id: uploadId, token })
    }
  }

  async forget(uploadId: string): Promise<void> {
    await this.#locks.deleteOne({ _id: uploadId })
  }

  async #try(uploadId: string, token: string): Promise<boolean> {
    const now = Date.now()
    try {
      // Where it is held the filter finds nothing, and the upsert meets the `_id`.
      await this.#locks.updateOne(
        { _id: uploadId, until: { $lt: new Date(now) } },
        { $set: { token, until: new Date(now + leaseMs), isWanted: false } },
        { upsert: true },
      )
      return true
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return false
    }
  }

  /** Returns whether it is held and nobody else wants it. */
  async #renew(uploadId: string, token: string): Promise<boolean> {
    const doc = await this.#locks.findOneAndUpdate(
      { _id: uploadId, token },
      { $set: { until: new Date(Date.now() + leaseMs) } },
    )
    return doc !== null && !doc.isWanted
  }
}
