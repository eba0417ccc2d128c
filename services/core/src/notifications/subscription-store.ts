import { createHash } from 'node:crypto'
import type { PushSubscriptionInput } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'

export interface PushSubscriptionDoc {
  /** Made of the endpoint: a browser that subscribes again has one. */
  _id: string
  userId: string
  endpoint: string
  keys: { p256dh: string; auth: string }
  device?: string
  createdAt: Date
}

/** Devices that get push notifications, each with whose it is. */
export class SubscriptionStore {
  readonly #subscriptions: Collection<PushSubscriptionDoc>

  constructor(db: Db) {
    this.#subscriptions = db.collection<PushSubscriptionDoc>('push_subscriptions')
  }

  /** One that is there already is this user's from now on: who signs in on a device gets what it gets. */
  async put(userId: string, input: PushSubscriptionInput): Promise<PushSubscriptionDoc> {
    const { endpoint, keys, device } = input
    const _id = subscriptionId(endpoint)
    const doc = { userId, endpoint, keys, ...(device !== undefined && { device }), createdAt: new Date() }
    await this.#subscriptions.replaceOne({ _id }, doc, { upsert: true })
    return { _id, ...doc }
  }

  async byId(_id: string): Promise<PushSubscriptionDoc | null> {
    return this.#subscriptions.findOne({ _id })
  }

  /** A user's, the newest first. */
  async of(userId: string): Promise<PushSubscriptionDoc[]> {
    return this.#subscriptions.find({ userId }).sort({ createdAt: -1, _id: 1 }).toArray()
  }

  /** Ids by user, of those of the users who have any. */
  async idsOfEach(userIds: string[]): Promise<Map<string, string[]>> {
    const [only] = userIds
    const filter = userIds.length === 1 && only !== undefined ? only : { $in: userIds }
    const docs = await this.#subscriptions.find({ userId: filter }, { projection: { userId: 1 } }).toArray()
    const byUser = Map.groupBy(docs, ({ userId }) => userId)
    return new Map([...byUser].map(([userId, some]) => [userId, some.map(({ _id }) => _id)]))
  }

  /** Returns whether it was there and the user's. */
  async drop(_id: string, userId: string): Promise<boolean> {
    const { deletedCount } = await this.#subscriptions.deleteOne({ _id, userId })
    return deletedCount > 0
  }
}

export function subscriptionId(endpoint: string): string {
  return createHash('sha256').update(endpoint).digest().subarray(0, 16).toString('base64url')
}
