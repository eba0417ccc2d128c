import type { GroupMember, GroupRole } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'

interface MembershipDoc {
  /** `<groupId>:<userId>`, so that "is she a member" is a look-up by key. */
  _id: string
  groupId: string
  userId: string
  role: GroupRole
  joinedAt: Date
}

/** Who belongs to which group. One document for each pair: a group of 5,000 is no document of 5,000. */
export class MembershipStore {
  readonly #memberships: Collection<MembershipDoc>
  /** `null`: known not to be a member. Bounded in number and age; `forget` is called on every change. */
  readonly #roles = new LRUCache<string, { role: GroupRole | null }>({ max: 100_000, ttl: 30_000 })

  constructor(db: Db) {
    this.#memberships = db.collection<MembershipDoc>('memberships')
  }

  #generation = 0

  /** Grows whenever this node learns of a change of any membership. */
  get generation(): number {
    return this.#generation
  }

  async role(groupId: string, userId: string): Promise<GroupRole | null> {
    const _id = key(groupId, userId)
    const known = this.#roles.get(_id)
    if (known) return known.role
    const generation = this.#generation
    const found = await this.#memberships.findOne({ _id }, { projection: { role: 1 } })
    const role = found?.role ?? null
    // An answer from before a change must not outlive it.
    if (generation === this.#generation) this.#roles.set(_id, { role })
    return role
  }

  async members(groupId: string): Promise<GroupMember[]> {
    const docs = await this.#memberships.find({ groupId }).sort({ joinedAt: 1, userId: 1 }).toArray()
    return docs.map(({ userId, role }) => ({ userId, role }))
  }

  async groupsOf(userId: string): Promise<string[]> {
    const docs = await this.#memberships.find({ userId }, { projection: { groupId: 1 } }).toArray()
    return docs.map((doc) => doc.groupId)
  }

  /** Adds members or changes their roles. */
  async put(groupId: string, members: GroupMember[]): Promise<void> {
    if (members.length === 0) return
    const joinedAt = new Date()
    await bulkUpdates(
      this.#memberships,
      members.map(({ userId, role }) => ({
        updateOne: {
          filter: { _id: key(groupId, userId) },
          update: { $set: { role }, $setOnInsert: { groupId, userId, joinedAt } },
          upsert: true,
        },
      })),
    )
    for (const { userId } of members) this.forget(groupId, userId)
  }

  /** Returns whether the user was a member. */
  async remove(groupId: string, userId: string): Promise<boolean> {
    const { deletedCount } = await this.#memberships.deleteOne({ _id: key(groupId, userId) })
    this.forget(groupId, userId)
    return deletedCount > 0
  }

  /** Changes of other nodes may have been missed. */
  forgetAll(): void {
    this.#generation++
    this.#roles.clear()
  }

  async removeAll(groupId: string): Promise<void> {
    await this.#memberships.deleteMany({ groupId })
    this.forgetAll()
  }

  /** Another node changed this membership. */
  forget(groupId: string, userId: string): void {
    this.#generation++
    this.#roles.delete(key(groupId, userId))
  }
}

function key(groupId: string, userId: string): string {
  return `${groupId}:${userId}`
}
