import { ECDH } from 'node:crypto'
import { CodedError, type PushSubscriptionInput, type PushSubscriptionRecord } from '@earshot/protocol'
import type { PushHosts } from './push-hosts.ts'
import type { PushSubscriptionDoc, SubscriptionStore } from './subscription-store.ts'

/** Devices of users that want push notifications. */
export class PushSubscriptions {
  readonly #store: SubscriptionStore
  readonly #hosts: PushHosts
  readonly #publicKey: string | undefined
  readonly #maxPerUser: number

  /** @param deps.publicKey VAPID public key; `undefined`: push is off */
  constructor(deps: {
    store: SubscriptionStore
    hosts: PushHosts
    publicKey: string | undefined
    maxPerUser: number
  }) {
    this.#store = deps.store
    this.#hosts = deps.hosts
    this.#publicKey = deps.publicKey
    this.#maxPerUser = deps.maxPerUser
  }

  /** @throws {CodedError} `NOT_FOUND` while push is off */
  publicKey(): string {
    if (this.#publicKey === undefined)
      throw new CodedError('NOT_FOUND', 'There are no push notifications here.')
    return this.#publicKey
  }

  /** @throws {CodedError} `NOT_FOUND` while push is off, `BAD_REQUEST` for an endpoint or a key that is none */
  async add(userId: string, input: PushSubscriptionInput): Promise<PushSubscriptionRecord> {
    this.publicKey()
    if (!this.#hosts.allows(input.endpoint)) {
      throw new CodedError('BAD_REQUEST', 'This is no endpoint of a push service that is sent to.', {
        field: 'endpoint',
      })
    }
    if (!isPoint(input.keys.p256dh)) {
      throw new CodedError('BAD_REQUEST', 'This is no public key of a device.', { field: 'keys.p256dh' })
    }
    const doc = await this.#store.put(userId, input)
    // The device that was added last is the one that is wanted.
    for (const old of (await this.#store.of(userId)).slice(this.#maxPerUser)) {
      await this.#store.drop(old._id, userId)
    }
    return toRecord(doc)
  }

  async list(userId: string): Promise<PushSubscriptionRecord[]> {
    return (await this.#store.of(userId)).map(toRecord)
  }

  /** @throws {CodedError} `NOT_FOUND` when it is none of the user's */
  async drop(userId: string, subscriptionId: string): Promise<void> {
    if (await this.#store.drop(subscriptionId, userId)) return
    throw new CodedError('NOT_FOUND', 'There is no such subscription.')
  }
}

/** Whether this is a point of P-256, uncompressed. */
function isPoint(p256dh: string): boolean {
  try {
    const bytes = Buffer.from(p256dh, 'base64url')
    return bytes.length === 65 && Buffer.from(ECDH.convertKey(bytes, 'prime256v1') as Buffer).equals(bytes)
  } catch {
    return false
  }
}

function toRecord({ _id, endpoint, device, createdAt }: PushSubscriptionDoc): PushSubscriptionRecord {
  const service = URL.parse(endpoint)?.host ?? ''
  return { _id, ...(device !== undefined && { device }), service, createdAt: createdAt.toISOString() }
}
