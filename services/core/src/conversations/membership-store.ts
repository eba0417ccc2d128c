import type { GroupMember, GroupRole } from '@earshot/protocol'
import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import { bulkUpdates } from '../clients/bulk-updates.ts'
import { Gatherer, stormPauseMs } from '../gatherer.ts'
import { ChangeClock } from './change-clock.ts'

interface MembershipDoc {
  /** `<groupId>:<userId>`, so that "is she a member" is a look-up by key. */
  _id: string
  groupId: string
  userId: string
  role: GroupRole
  joinedAt: Date
}

const noGroups: readonly string[] = []

/** Who belongs to which group. One document for each pair: a group of 5,000 is no document of 5,000. */
export class MembershipStore {
  readonly #memberships: Collection<MembershipDoc>
  /** `null`: known not to be a member. Bounded in number and age; `forget` is called on every change. */
  readonly #roles = new LRUCache<string, { role: GroupRole | null }>({ max: 100_000, ttl: 30_000 })
  readonly #clock = new ChangeClock()
  readonly #hearsOfChanges: () => boolean
  readonly #groups = new Gatherer<string, readonly string[]>(
    (userIds) => this.groupsOfEach(userIds),
    noGroups,
    { pauseMs: stormPauseMs },
  )

  /** @param options.hearsOfChanges whether `forget` is called for every change; while not, nothing is remembered */
  constructor(db: Db, { hearsOfChanges = () => true }: { hearsOfChanges?: () => boolean } = {}) {
    this.#memberships = db.collection<MembershipDoc>('memberships')
    this.#hearsOfChanges = hearsOfChanges
  }

  /** To be taken before reading memberships, for `changedSince`. */
  mark(): number {
    return this.#clock.now
  }

  /** Whether what was read since `mark` of a user, or of a user in one group, may be from before a change. */
  changedSince(mark: number, userId: string, groupId?: string): boolean {
    return this.#clock.changedSince(mark, groupId === undefined ? userId : key(groupId, userId))
  }

  async role(groupId: string, userId: string): Promise<GroupRole | null> {
    const _id = key(groupId, userId)
    const known = this.#hearsOfChanges() ? this.#roles.get(_id) : undefined
    if (known) return known.role
    const mark = this.mark()
    const found = await this.#memberships.findOne({ _id }, { projection: { role: 1 } })
    const role = found?.role ?? null
    // An answer from before a change must not outlive it.
    if (!this.changedSince(mark, userId, groupId)) this.#roles.set(_id, { role })
    return role
  }

  /** What MongoDB says now, whatever this node has heard. */
  async roleNow(groupId: string, userId: string): Promise<GroupRole | null> {
    const found = await this.#memberships.findOne({ _id: key(groupId, userId) }, { projection: { role: 1 } })
    return found?.role ?? null
  }

  async members(groupId: string): Promise<GroupMember[]> {
    const docs = await this.#memberships
      .find({ groupId }, { projection: { _id: 0, userId: 1, role: 1 } })
      .sort({ joinedAt: 1, userId: 1 })
      .toArray()
    return docs.map(({ userId, role }) => ({ userId, role }))
  }

  /** Who is a member, and since when. */
  async joined(groupId: string): Promise<Pick<MembershipDoc, 'userId' | 'joinedAt'>[]> {
    return this.#memberships.find({ groupId }, { projection: { _id: 0, userId: 1, joinedAt: 1 } }).toArray()
  }

  /** Members by id, a page after one of them. */
  async page(groupId: string, after: string | undefined, limit: number): Promise<string[]> {
    // By `_id`, which is made of both, and has an index everywhere.
    const _id = { $gt: key(groupId, after ?? ''), $lt: `${groupId};` }
    const docs = await this.#memberships
      .find({ groupId, _id }, { projection: { userId: 1 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray()
    return docs.map(({ userId }) => userId)
  }

  /** Those of the users who are members; read, not remembered. */
  async membersAmong(groupId: string, userIds: string[]): Promise<Set<string>> {
    const ids = userIds.map((userId) => key(groupId, userId))
    const docs = await this.#memberships
      .find({ _id: { $in: ids } }, { projection: { _id: 0, userId: 1 } })
      .toArray()
    return new Set(docs.map((doc) => doc.userId))
  }

  /** Of many who come at once together. */
  groupsOf(userId: string): Promise<readonly string[]> {
    return this.#groups.ask(userId)
  }

  /** The groups of each of many users. */
  async groupsOfEach(userIds: string[]): Promise<Map<string, string[]>> {
    const groups = new Map<string, string[]>(userIds.map((userId) => [userId, []]))
    const found = this.#memberships.find(
      { userId: { $in: userIds } },
      { projection: { _id: 0, groupId: 1, userId: 1 } },
    )
    for await (const { userId, groupId } of found) groups.get(userId)?.push(groupId)
    return groups
  }

  /** The members of a group that nobody knows yet, in as few commands as will do. */
  async putFirst(groupId: string, members: GroupMember[]): Promise<void> {
    const joinedAt = new Date()
    await this.#memberships.insertMany(
      members.map(({ userId, role }) => ({ _id: key(groupId, userId), groupId, userId, role, joinedAt })),
      { ordered: false },
    )
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
    const userIds = members.map(({ userId }) => userId)
    this.forget(groupId, userIds)
  }

  /** Returns whether the user was a member. */
  async remove(groupId: string, userId: string): Promise<boolean> {
    const { deletedCount } = await this.#memberships.deleteOne({ _id: key(groupId, userId) })
    this.forget(groupId, [userId])
    return deletedCount > 0
  }

  async removeAll(groupId: string): Promise<void> {
    await this.#memberships.deleteMany({ groupId })
    this.forget(groupId, [])
  }

  /** Changes of other nodes may have been missed. */
  forgetAll(): void {
    this.#clock.noteAll()
    this.#roles.clear()
  }

  /** These memberships changed, here or on another node. Nobody by name is everybody in the group. */
  forget(groupId: string, userIds: string[]): void {
    if (userIds.length === 0) {
      this.#forgetGroup(groupId)
      return
    }
    for (const userId of userIds) {
      this.#clock.note(userId)
      this.#clock.note(key(groupId, userId))
      this.#roles.delete(key(groupId, userId))
    }
  }

  #forgetGroup(groupId: string): void {
    this.#clock.noteAll()
    for (const _id of this.#roles.keys()) if (_id.startsWith(key(groupId, ''))) this.#roles.delete(_id)
  }
}

function key(groupId: string, userId: string): string {
  return `${groupId}:${userId}`
}
