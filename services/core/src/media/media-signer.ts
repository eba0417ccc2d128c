import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { CodedError, type SignedMediaUrl } from '@earshot/protocol'
import { mediaUrl } from '../messages/message-doc.ts'

/** The query of a signed URL. */
export interface MediaSignature {
  user: string
  /** Seconds since 1970. */
  expires: string
  signature: string
}

/**
 * URLs that tags can load without a header. One stands for the user who asked for it, and no more: whether that user
 * may read the media is decided each time it is loaded.
 */
export class MediaSigner {
  readonly #key: Buffer | undefined
  readonly #ttlSeconds: number
  readonly #now: () => number

  /** @param options `secret`: the same on every node; without one nothing is signed. `now`: ms since 1970 */
  constructor(options: { secret: string | undefined; ttlSeconds: number; now?: () => number }) {
    const { secret, ttlSeconds, now = Date.now } = options
    // A key of its own, so that no signature of one purpose is good for another.
    this.#key = secret ? Buffer.from(hkdfSync('sha256', secret, '', 'earshot media url', 32)) : undefined
    this.#ttlSeconds = ttlSeconds
    this.#now = now
  }

  /** @throws {CodedError} `FORBIDDEN` without a secret */
  sign(userId: string, mediaId: string): SignedMediaUrl {
    const expires = Math.floor(this.#now() / 1000) + this.#ttlSeconds
    const signature = this.#mac(userId, mediaId, String(expires)).toString('base64url')
    const query = new URLSearchParams({ user: userId, expires: String(expires), signature })
    return { url: `${mediaUrl(mediaId)}?${query}`, expiresAt: new Date(expires * 1000).toISOString() }
  }

  /** Returns the user. @throws {CodedError} `UNAUTHENTICATED`; `FORBIDDEN` without a secret */
  verify(mediaId: string, { user, expires, signature }: MediaSignature): string {
    const expected = this.#mac(user, mediaId, expires)
    const given = Buffer.from(signature, 'base64url')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      throw new CodedError('UNAUTHENTICATED', 'The signature is not valid.')
    }
    if (Number(expires) * 1000 <= this.#now()) {
      throw new CodedError('UNAUTHENTICATED', 'The signed URL has expired.')
    }
    return user
  }

  #mac(userId: string, mediaId: string, expires: string): Buffer {
    if (!this.#key) throw new CodedError('FORBIDDEN', 'Signed URLs need MEDIA_SECRET or JWT_SECRET.')
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([mediaId, userId, expires]))
      .digest()
  }
}
