import { CodedError, type CreateGroup, type Group, type GroupRole, type Limits } from '@earshot/protocol'
import type { Collection, Db, ObjectId } from 'mongodb'
import type { UserStore } from '../accounts/user-store.ts'
import { fromDbId, newObjectIdHex, toDbId } from '../clients/mongo.ts'
import type { Fanout } from '../fanout.ts'
import type { ConversationStore } from './conversation-store.ts'
import type { MembershipStore } from './membership-store.ts'

interface GroupDoc {
  _id: ObjectId | string
  name: string
  createdBy: string
  createdAt: Date
}

/** Groups: who is in, with which role, and that everybody concerned hears of it. */
export class GroupService {
  readonly #groups: Collection<GroupDoc>
  readonly #memberships: MembershipStore
  readonly #conversations: ConversationStore
  readonly #users: UserStore
  readonly #fanout: Fanout
  readonly #limits: Limits

  constructor(deps: {
    db: Db
    memberships: MembershipStore
    conversations: ConversationStore
    users: UserStore
    fanout: Fanout
    limits: Limits
  }) {
    this.#groups = deps.db.collection<GroupDoc>('groups')
    this.#memberships = deps.memberships
    this.#conversations = deps.conversations
    this.#users = deps.users
    this.#fanout = deps.fanout
    this.#limits = deps.limits
  }

  /** @throws {CodedError} `NOT_FOUND` naming a member who does not exist, `TOO_LARGE` */
  async create(ownerId: string, request: CreateGroup): Promise<Group> {
    const others = [...new Set(request.members)].filter((userId) => userId !== ownerId)
    if (others.length + 1 > this.#limits.groupMaxMembers) throw tooMany(this.#limits.groupMaxMembers)
    await this.#mustExist(others)
    const groupId = newObjectIdHex()
    const members = [
      { userId: ownerId, role: 'owner' as const },
      ...others.map((userId) => ({ userId, role: 'member' as const })),
    ]
    // The group last: one that was only half made is seen by nobody.
    await this.#conversations.ensureGroup(groupId)
    await this.#memberships.put(groupId, members)
    await this.#groups.insertOne({
      _id: toDbId(groupId),
      name: request.name,
      createdBy: ownerId,
      createdAt: new Date(),
    })
    const group: Group = { _id: groupId, name: request.name, members, conversationId: groupId }
    this.#fanout.joinGroup(
      members.map(({ userId }) => userId),
      groupId,
    )
    for (const { userId } of members) this.#fanout.toUser(userId, 'group_created', group)
    return group
  }

  /** @throws {CodedError} `NOT_FOUND`, for who is no member too */
  async get(userId: string, groupId: string): Promise<Group> {
    const [role, doc] = await Promise.all([
      this.#memberships.role(groupId, userId),
      this.#groups.findOne({ _id: toDbId(groupId) }),
    ])
    if (!role || !doc) throw new CodedError('NOT_FOUND', 'There is no such group.')
    const members = await this.#memberships.members(groupId)
    return { _id: groupId, name: doc.name, members, conversationId: groupId }
  }

  async names(groupIds: string[]): Promise<Map<string, string>> {
    const docs = await this.#groups.find({ _id: { $in: groupIds.map(toDbId) } }).toArray()
    return new Map(docs.map((doc) => [fromDbId(doc._id), doc.name]))
  }

  /** @throws {CodedError} `NOT_FOUND`, `FORBIDDEN` for a mere member */
  async rename(actorId: string, groupId: string, name: string): Promise<Group> {
    const actor = await this.#actor(actorId, groupId)
    if (actor === 'member') throw new CodedError('FORBIDDEN', 'Only owners and admins rename a group.')
    await this.#groups.updateOne({ _id: toDbId(groupId) }, { $set: { name } })
    this.#fanout.toGroup(groupId, 'group_updated', { groupId, conversationId: groupId, name })
    return this.get(actorId, groupId)
  }

  /** Nobody is a member any more, so nobody may read it. @throws {CodedError} `NOT_FOUND`, `FORBIDDEN` */
  async delete(actorId: string, groupId: string): Promise<void> {
    const actor = await this.#actor(actorId, groupId)
    if (actor !== 'owner') throw new CodedError('FORBIDDEN', 'Only the owner deletes a group.')
    const members = await this.#memberships.members(groupId)
    await this.#memberships.removeAll(groupId)
    await this.#groups.deleteOne({ _id: toDbId(groupId) })
    const change = { groupId, conversationId: groupId, isDeleted: true }
    for (const { userId } of members) {
      this.#fanout.leaveGroup(userId, groupId)
      this.#fanout.toUser(userId, 'group_updated', change)
    }
  }

  /**
   * Adds a member or changes their role; owners and admins may, and only an owner makes admins.
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `TOO_LARGE`
   */
  async putMember(
    actorId: string,
    groupId: string,
    userId: string,
    role: GroupRole = 'member',
  ): Promise<void> {
    const actor = await this.#actor(actorId, groupId)
    const current = await this.#memberships.role(groupId, userId)
    if (current === role) return
    if (actor === 'member') throw new CodedError('FORBIDDEN', 'Only owners and admins change the members.')
    if (role === 'owner' || current === 'owner') throw new CodedError('FORBIDDEN', 'A group has one owner.')
    if (actor !== 'owner' && (role === 'admin' || current === 'admin')) {
      throw new CodedError('FORBIDDEN', 'Only the owner makes admins.')
    }
    if (!current) {
      await this.#mustExist([userId])
      const { length } = await this.#memberships.members(groupId)
      if (length >= this.#limits.groupMaxMembers) throw tooMany(this.#limits.groupMaxMembers)
    }
    await this.#memberships.put(groupId, [{ userId, role }])
    this.#fanout.joinGroup([userId], groupId)
    this.#fanout.toGroup(groupId, 'group_member_added', { groupId, conversationId: groupId, userId, role })
    if (!current) this.#fanout.toUser(userId, 'group_created', await this.get(userId, groupId))
  }

  /**
   * Removes a member, or leaves.
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`
   */
  async removeMember(actorId: string, groupId: string, userId: string): Promise<void> {
    const actor = await this.#actor(actorId, groupId)
    if (actorId !== userId) {
      const role = await this.#memberships.role(groupId, userId)
      if (!role) throw new CodedError('NOT_FOUND', 'There is no such member.')
      const mayRemove = actor === 'owner' || (actor === 'admin' && role === 'member')
      if (!mayRemove) throw new CodedError('FORBIDDEN', 'You may not remove this member.')
    }
    if (actorId === userId && actor === 'owner') await this.#handOver(groupId, userId)
    await this.#memberships.remove(groupId, userId)
    this.#fanout.leaveGroup(userId, groupId)
    const change = { groupId, conversationId: groupId, userId }
    this.#fanout.toGroup(groupId, 'group_member_removed', change)
    this.#fanout.toUser(userId, 'group_member_removed', change)
  }

  /** An owner who leaves is followed by the first admin, or the first member. */
  async #handOver(groupId: string, ownerId: string): Promise<void> {
    const others = (await this.#memberships.members(groupId)).filter(({ userId }) => userId !== ownerId)
    const heir = others.find(({ role }) => role === 'admin') ?? others[0]
    if (!heir) return
    await this.#memberships.put(groupId, [{ userId: heir.userId, role: 'owner' }])
    const change = { groupId, conversationId: groupId, userId: heir.userId, role: 'owner' as const }
    this.#fanout.joinGroup([heir.userId], groupId)
    this.#fanout.toGroup(groupId, 'group_member_added', change)
  }

  async #actor(actorId: string, groupId: string): Promise<GroupRole> {
    const role = await this.#memberships.role(groupId, actorId)
    if (!role) throw new CodedError('NOT_FOUND', 'There is no such group.')
    return role
  }

  async #mustExist(userIds: string[]): Promise<void> {
    const found = new Set((await this.#users.find(userIds)).map((doc) => fromDbId(doc._id)))
    const missing = userIds.find((userId) => !found.has(userId))
    if (missing !== undefined)
      throw new CodedError('NOT_FOUND', `There is no user ${missing}.`, { field: 'members' })
  }
}

function tooMany(max: number): CodedError {
  return new CodedError('TOO_LARGE', `A group has ${max} members at most.`, { field: 'members' })
}
