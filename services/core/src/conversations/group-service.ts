import { CodedError, type CreateGroup, type Group, type GroupMember, type GroupRole } from '@earshot/protocol'
import type { Collection, Db, ObjectId } from 'mongodb'
import { fromDbId, newObjectIdHex, toDbId } from '../clients/mongo.ts'
import type { Fanout } from '../fanout.ts'
import type { ConversationStore } from './conversation-store.ts'
import { type GroupMembers, noSuchGroup } from './group-members.ts'
import { type GroupSizes, largeGroup } from './group-sizes.ts'
import type { MembershipStore } from './membership-store.ts'

interface GroupDoc {
  _id: ObjectId | string
  name: string
  createdBy: string
  createdAt: Date
}

/** A document of the existing system names all members, too. */
const nameOnly = { projection: { name: 1 } }

/** Groups: made, named, joined, left, and that everybody concerned hears of it. */
export class GroupService {
  readonly #groups: Collection<GroupDoc>
  readonly #members: GroupMembers
  readonly #memberships: MembershipStore
  readonly #sizes: GroupSizes
  readonly #conversations: ConversationStore
  readonly #fanout: Fanout

  constructor(deps: {
    db: Db
    members: GroupMembers
    memberships: MembershipStore
    sizes: GroupSizes
    conversations: ConversationStore
    fanout: Fanout
  }) {
    this.#groups = deps.db.collection<GroupDoc>('groups')
    this.#members = deps.members
    this.#memberships = deps.memberships
    this.#sizes = deps.sizes
    this.#conversations = deps.conversations
    this.#fanout = deps.fanout
  }

  /** @throws {CodedError} `NOT_FOUND` naming a member who does not exist, `TOO_LARGE`, `RETRY_LATER` */
  async create(ownerId: string, request: CreateGroup): Promise<Group> {
    const members = await this.#members.proposed(ownerId, request.members)
    const groupId = newObjectIdHex()
    await this.#members.begin(groupId, members, async () => {
      await this.#conversations.ensureGroup(groupId)
      // The group last: one that was only half made is seen by nobody.
      await this.#groups.insertOne({
        _id: toDbId(groupId),
        name: request.name,
        createdBy: ownerId,
        createdAt: new Date(),
      })
    })
    const group = groupOf(groupId, request.name, members)
    const userIds = members.map(({ userId }) => userId)
    this.#fanout.toUsers(userIds, 'group_created', briefly(group))
    return group
  }

  /** @throws {CodedError} `NOT_FOUND`, for who is no member too */
  async get(userId: string, groupId: string): Promise<Group> {
    const [role, doc] = await Promise.all([
      this.#memberships.role(groupId, userId),
      this.#groups.findOne({ _id: toDbId(groupId) }, nameOnly),
    ])
    if (!role || !doc) throw noSuchGroup()
    return groupOf(groupId, doc.name, await this.#memberships.members(groupId))
  }

  async names(groupIds: string[]): Promise<Map<string, string>> {
    const docs = await this.#groups.find({ _id: { $in: groupIds.map(toDbId) } }, nameOnly).toArray()
    return new Map(docs.map((doc) => [fromDbId(doc._id), doc.name]))
  }

  /** @throws {CodedError} `NOT_FOUND`, `FORBIDDEN` for a mere member */
  async rename(actorId: string, groupId: string, name: string): Promise<Group> {
    const actor = await this.#members.mustBeMember(groupId, actorId)
    if (actor === 'member') throw new CodedError('FORBIDDEN', 'Only owners and admins rename a group.')
    await this.#groups.updateOne({ _id: toDbId(groupId) }, { $set: { name } })
    this.#fanout.toGroup(groupId, 'group_updated', { groupId, conversationId: groupId, name })
    return this.get(actorId, groupId)
  }

  /**
   * Nobody is a member any more, so nobody may read it.
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `RETRY_LATER`
   */
  async delete(actorId: string, groupId: string): Promise<void> {
    const userIds = await this.#members.removeAll(actorId, groupId, async () => {
      await this.#groups.deleteOne({ _id: toDbId(groupId) })
    })
    this.#fanout.toUsers(userIds, 'group_updated', { groupId, conversationId: groupId, isDeleted: true })
  }

  /**
   * Adds a member or changes their role; owners and admins may, and only an owner makes admins.
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `TOO_LARGE`, `RETRY_LATER`
   */
  async putMember(
    actorId: string,
    groupId: string,
    userId: string,
    role: GroupRole = 'member',
  ): Promise<void> {
    const outcome = await this.#members.put(actorId, groupId, { userId, role })
    if (outcome === 'unchanged') return
    this.#tellOfMember(groupId, { userId, role })
    if (outcome === 'added') this.#fanout.toUser(userId, 'group_created', await this.#forNewcomer(groupId))
  }

  /**
   * Removes a member, or leaves.
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `RETRY_LATER`
   */
  async removeMember(actorId: string, groupId: string, userId: string): Promise<void> {
    const heirId = await this.#members.remove(actorId, groupId, userId)
    if (heirId !== undefined) this.#tellOfMember(groupId, { userId: heirId, role: 'owner' })
    const change = { groupId, conversationId: groupId, userId }
    this.#fanout.toGroup(groupId, 'group_member_removed', change)
    this.#fanout.toUser(userId, 'group_member_removed', change)
  }

  #tellOfMember(groupId: string, member: GroupMember): void {
    this.#fanout.toGroup(groupId, 'group_member_added', { groupId, conversationId: groupId, ...member })
  }

  /** Without reading the members of a large group. */
  async #forNewcomer(groupId: string): Promise<Group> {
    const [memberCount, names] = await Promise.all([this.#sizes.about(groupId), this.names([groupId])])
    const members = memberCount > largeGroup ? [] : await this.#memberships.members(groupId)
    return { ...groupOf(groupId, names.get(groupId) ?? '', members), memberCount }
  }
}

function groupOf(groupId: string, name: string, members: GroupMember[]): Group {
  return { _id: groupId, name, members, memberCount: members.length, conversationId: groupId }
}

/** To tell each member of a large group of all of them would cost the square of their number. */
export function briefly(group: Group): Group {
  return group.memberCount > largeGroup ? { ...group, members: [] } : group
}
