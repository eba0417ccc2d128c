import webPush from 'web-push'
import { deliveryError } from './delivery-errors.ts'
import type { PushSubscriptionDoc } from './subscription-store.ts'

export interface PushSenderOptions {
  publicKey: string
  privateKey: string
  /** Whom a push service can turn to: `mailto:` or `https:`. */
  subject: string
  /** How long a push service keeps it for a device that is off, seconds. */
  ttlSeconds: number
  timeoutMs: number
}

const encoding = 'aes128gcm'
/** A signed header is used for this long; push services take one for 24 hours at most. */
const signedForMs = 3_600_000
const signedForSeconds = 2 * 3_600

/** Sends to push services: payload encrypted for the device (RFC 8291), ourselves named by VAPID (RFC 8292). */
export class PushSender {
  readonly #options: PushSenderOptions
  /** By the push service's origin. To sign is dear, and says nothing of the device. */
  readonly #signed = new Map<string, { authorization: string; until: number }>()

  constructor(options: PushSenderOptions) {
    this.#options = options
  }

  /**
   * Returns false when the subscription is gone for good.
   * @param topic replaces what the push service still holds back for the device under the same; 32 characters at most
   * @throws {DeliveryRefusedError} {@link ReceiverBusyError}; any other error says that it may succeed later
   */
  async send({ endpoint, keys }: PushSubscriptionDoc, payload: string, topic: string): Promise<boolean> {
    const { ttlSeconds: TTL, timeoutMs } = this.#options
    const details = webPush.generateRequestDetails({ endpoint, keys }, payload, {
      ...{ contentEncoding: encoding, TTL, topic, urgency: 'high' },
    })
    // `fetch` counts the bytes itself.
    const { 'Content-Length': _length, ...headers } = details.headers as Record<string, string | number>
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        authorization: this.#authorization(new URL(endpoint).origin),
      },
      body: new Uint8Array(details.body ?? []),
      // Nobody but the push service that was allowed.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    if (response.ok) return true
    if (response.status === 404 || response.status === 410) return false
    throw deliveryError('the push service', response)
  }

  #authorization(origin: string): string {
    const known = this.#signed.get(origin)
    if (known && known.until > Date.now()) return known.authorization
    const { publicKey, privateKey, subject } = this.#options
    const expiresAt = Math.floor(Date.now() / 1_000) + signedForSeconds
    const headers = webPush.getVapidHeaders(origin, subject, publicKey, privateKey, encoding, expiresAt)
    const authorization = headers.Authorization
    this.#signed.set(origin, { authorization, until: Date.now() + signedForMs })
    return authorization
  }
}
