import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'

/**
 * A group of more is large: who is in it is not told by events, nor who has read a message; that would cost each message
 * something for each member.
 */
export const largeGroup = 100

interface SizeDoc {
  /** The group's. */
  _id: string
  members: number
}

/**
 * How many members a group has, without reading them. Written by whoever's turn it is to change the group (`GroupTurns`),
 * in a document of its own: nobody else writes it, so it needs no atomic update.
 */
export class GroupSizes {
  readonly #sizes: Collection<SizeDoc>
  readonly #memberships: Collection
  readonly #known = new LRUCache<string, number>({ max: 50_000, ttl: 30_000 })

  constructor(db: Db) {
    this.#sizes = db.collection<SizeDoc>('group_sizes')
    this.#memberships = db.collection('memberships')
  }

  /** What it was within the last half minute. */
  async about(groupId: string): Promise<number> {
    const known = this.#known.get(groupId)
    if (known !== undefined) return known
    const size = await this.exact(groupId)
    this.#known.set(groupId, size)
    return size
  }

  /** True for as long as nobody changes the group. Counts members where the size was never noted, or forgotten. */
  async exact(groupId: string): Promise<number> {
    const doc = await this.#sizes.findOne({ _id: groupId })
    return doc?.members ?? this.#memberships.countDocuments({ groupId })
  }

  async note(groupId: string, members: number): Promise<void> {
    await this.#sizes.updateOne({ _id: groupId }, { $set: { members } }, { upsert: true })
    this.#known.set(groupId, members)
  }

  async forget(groupId: string): Promise<void> {
    await this.#sizes.deleteOne({ _id: groupId })
    this.#known.delete(groupId)
  }
}
