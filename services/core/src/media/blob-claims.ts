import { randomBytes } from 'node:crypto'
import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'

interface ClaimDoc {
  /** The blob's key. */
  _id: string
  token: string
  /** Until then it is held, unless renewed. */
  until: Date
}

export interface BlobClaim {
  /** Somebody held it before and died. */
  wasLeft: boolean
  /** Renews it. Returns false when it was lost: another one has it now, or had it. */
  isOurs(): Promise<boolean>
  release(): Promise<void>
}

const leaseMs = 60_000
const renewMs = 10_000

/** Who moves which blob, so that several may move at once. */
export class BlobClaims {
  readonly #claims: Collection<ClaimDoc>

  constructor(db: Db) {
    this.#claims = db.collection<ClaimDoc>('blob_moves')
  }

  /** `undefined` when another one moves it. */
  async take(key: string): Promise<BlobClaim | undefined> {
    const token = randomBytes(9).toString('base64url')
    const wasLeft = await this.#try(key, token)
    if (wasLeft === undefined) return undefined
    const isOurs = async () => {
      const { matchedCount } = await this.#claims.updateOne(
        { _id: key, token },
        { $set: { until: new Date(Date.now() + leaseMs) } },
      )
      return matchedCount > 0
    }
    // Not renewed it ends by itself; whether it did is asked before it matters.
    const timer = setInterval(() => void isOurs().catch(() => undefined), renewMs)
    return {
      wasLeft,
      isOurs,
      release: async () => {
        clearInterval(timer)
        await this.#claims.deleteOne({ _id: key, token })
      },
    }
  }

  /** Keys of blobs whose mover died. */
  async left(): Promise<string[]> {
    const dead = { until: { $lt: new Date() } }
    const claims = await this.#claims.find(dead, { projection: { _id: 1 } }).toArray()
    return claims.map(({ _id }) => _id)
  }

  /** Whether it had a holder before; `undefined`: it has one. */
  async #try(key: string, token: string): Promise<boolean | undefined> {
    const now = Date.now()
    try {
      // Where it is held the filter finds nothing, and the upsert meets the `_id`.
      const { upsertedCount } = await this.#claims.updateOne(
        { _id: key, until: { $lt: new Date(now) } },
        { $set: { token, until: new Date(now + leaseMs) } },
        { upsert: true },
      )
      return upsertedCount === 0
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      return undefined
    }
  }
}
