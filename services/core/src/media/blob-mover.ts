import type { BlobClaims } from './blob-claims.ts'
import { digestOf, putVerified } from './blob-digest.ts'
import { BlobGoneError, type BlobInfo, type BlobStore, type ListedBlob } from './blob-store.ts'

/** What became of a blob that was to be moved. */
export type MoveOutcome =
  | 'moved'
  /** Deleted meanwhile, or moved by another. */
  | 'gone'
  /** Another one moves it. */
  | 'busy'

/** The two stores have different contents under one key: neither is touched, a person has to look. */
export class BlobsDifferError extends Error {
  override readonly name = 'BlobsDifferError'

  constructor() {
    super('both stores have it, with different contents')
  }
}

/**
 * Moves blobs from one store to the other while nodes use them through `FallbackBlobStore`, which writes to the target.
 * Copied → read back and compared → deleted from the source; so it may die anywhere and be done again.
 *
 * A node may delete the blob meanwhile: from the source first, then from the target. Who has copied it and then does not
 * find it in the source any more knows that, since nobody else moves it as long as the claim is held, and takes the
 * copy back. If it is still there, a deletion that comes now finds the copy.
 */
export class BlobMover {
  readonly #from: BlobStore
  readonly #to: BlobStore
  readonly #claims: BlobClaims

  constructor(deps: { from: BlobStore; to: BlobStore; claims: BlobClaims }) {
    this.#from = deps.from
    this.#to = deps.to
    this.#claims = deps.claims
  }

  /** What is to be moved: what the source has, and then what somebody died over after it was no longer listed there. */
  async *list(): AsyncGenerator<ListedBlob> {
    yield* this.#from.list()
    for (const key of await this.#claims.left()) {
      if (!(await this.#from.info(key))) yield { key, size: 0 }
    }
  }

  /** @throws {BlobsDifferError} */
  async move(key: string): Promise<MoveOutcome> {
    const claim = await this.#claims.take(key)
    if (!claim) return 'busy'
    try {
      const info = await this.#from.info(key)
      if (!info) {
        // A deletion begins with what it is listed by: one who died in it left the pieces.
        if (claim.wasLeft) await this.#from.delete(key)
        return 'gone'
      }
      await this.#copy(key, info, claim.wasLeft)
      if (!(await claim.isOurs())) return 'busy'
      if (!(await this.#from.info(key))) throw new BlobGoneError()
      await this.#from.delete(key)
      return 'moved'
    } catch (error) {
      if (!(error instanceof BlobGoneError)) throw error
      if (await claim.isOurs()) await this.#to.delete(key)
      return 'gone'
    } finally {
      await claim.release()
    }
  }

  async #copy(key: string, { mimeType }: BlobInfo, wasLeft: boolean): Promise<void> {
    if (await this.#to.info(key)) {
      // Copied by one who died then, or written there by a job that ran twice.
      const digests = await Promise.all([digestOf(this.#from, key), digestOf(this.#to, key)])
      if (digests[0] !== digests[1]) throw new BlobsDifferError()
      return
    }
    // Parts of a copy that was never completed.
    if (wasLeft) await this.#to.delete(key)
    await putVerified(this.#to, key, this.#from.read(key), mimeType)
  }
}
