import type { GroupMember } from '@earshot/protocol'
import type { Collection, Db, ObjectId } from 'mongodb'
import { toDbId } from '../clients/mongo.ts'
import type { ConversationStore } from '../conversations/conversation-store.ts'
import type { GroupMembers } from '../conversations/group-members.ts'
import { briefly } from '../conversations/group-service.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { Fanout } from '../fanout.ts'
import { idOf, idsOf, isFresh, type OldChat, textOf } from './old-docs.ts'

/** A group's document: of the existing system, or ours. */
interface GroupDoc {
  _id: ObjectId | string
  name?: string
  members?: unknown
  users?: unknown
  groupAdmin?: unknown
  admin?: unknown
  createdBy?: unknown
  createdAt?: Date
}

/** The members that the existing system's document had when it was last looked at. Outlives the group. */
interface SeenDoc {
  /** `group:<groupId>` */
  _id: string
  memberIds: string[]
}

interface OldGroup {
  name: string
  memberIds: string[]
  ownerId: string | undefined
}

const membersPerTurn = 20

/**
 * Groups of the existing system. Their members become ours; from then on whom it adds or removes is added or removed
 * here, and what was changed here stays.
 */
export class OldGroups {
  readonly #groups: Collection<GroupDoc>
  readonly #seen: Collection<SeenDoc>
  readonly #memberships: MembershipStore
  readonly #members: GroupMembers
  readonly #conversations: ConversationStore
  readonly #fanout: Fanout

  constructor(deps: {
    db: Db
    memberships: MembershipStore
    members: GroupMembers
    conversations: ConversationStore
    fanout: Fanout
  }) {
    this.#groups = deps.db.collection<GroupDoc>('groups')
    this.#seen = deps.db.collection<SeenDoc>('legacy')
    this.#memberships = deps.memberships
    this.#members = deps.members
    this.#conversations = deps.conversations
    this.#fanout = deps.fanout
  }

  /** @param chat the document that says who is in it; absent: the group's own */
  async adopt(groupId: string, chat: OldChat | null): Promise<void> {
    const [doc, seen] = await Promise.all([
      this.#groups.findOne({ _id: toDbId(groupId) }),
      this.#seen.findOne({ _id: `group:${groupId}` }),
    ])
    const old = chat ? fromChat(chat) : doc && fromGroup(doc)
    // One that was adopted and has no document any more was deleted here.
    if (!old || (seen && !doc)) return
    const added = seen ? old.memberIds.filter((userId) => !seen.memberIds.includes(userId)) : old.memberIds
    const removed = seen?.memberIds.filter((userId) => !old.memberIds.includes(userId)) ?? []
    if (seen && added.length === 0 && removed.length === 0) return
    const joined = await this.#add(groupId, added, seen ? undefined : (old.ownerId ?? old.memberIds[0]))
    await this.#remove(groupId, removed)
    const name = doc?.name || old.name
    if (!seen) await this.#make(groupId, name, doc, chat)
    // Last: who dies before it does all of it again.
    await this.#seen.updateOne(
      { _id: `group:${groupId}` },
      { $set: { memberIds: old.memberIds } },
      { upsert: true },
    )
    if (seen || isFresh(chat?._id ?? doc?._id)) await this.#tell(groupId, name, joined)
  }

  /** Who is a member already, by our own doing, keeps their role. Returns the others. */
  async #add(groupId: string, userIds: string[], ownerId: string | undefined): Promise<GroupMember[]> {
    const joined: GroupMember[] = []
    for (let i = 0; i < userIds.length; i += membersPerTurn) {
      const some = userIds
        .slice(i, i + membersPerTurn)
        .map((userId) => ({ userId, role: userId === ownerId ? ('owner' as const) : ('member' as const) }))
      joined.push(...(await this.#members.admit(groupId, some)))
    }
    return joined
  }

  async #remove(groupId: string, userIds: string[]): Promise<void> {
    for (const userId of userIds) {
      const { wasMember, heirId } = await this.#members.withdraw(groupId, userId)
      if (!wasMember) continue
      if (heirId !== undefined) {
        const heir = { groupId, conversationId: groupId, userId: heirId, role: 'owner' as const }
        this.#fanout.toGroup(groupId, 'group_member_added', heir)
      }
      const change = { groupId, conversationId: groupId, userId }
      this.#fanout.toGroup(groupId, 'group_member_removed', change)
      this.#fanout.toUser(userId, 'group_member_removed', change)
    }
  }

  async #make(groupId: string, name: string, doc: GroupDoc | null, chat: OldChat | null): Promise<void> {
    await this.#conversations.ensureGroup(groupId)
    if (doc?.name) return
    const createdBy = idOf(chat?.groupAdmin)
    await this.#groups.updateOne(
      { _id: toDbId(groupId) },
      {
        $set: { name },
        ...(!doc &&
          chat && {
            $setOnInsert: {
              createdAt: chat._id.getTimestamp(),
              ...(createdBy !== undefined && { createdBy }),
            },
          }),
      },
      { upsert: true },
    )
  }

  async #tell(groupId: string, name: string, joined: GroupMember[]): Promise<void> {
    if (joined.length === 0) return
    const members = await this.#memberships.members(groupId)
    const group = { _id: groupId, name, members, memberCount: members.length, conversationId: groupId }
    const userIds = joined.map(({ userId }) => userId)
    this.#fanout.toUsers(userIds, 'group_created', briefly(group))
  }
}

function fromChat(chat: OldChat): OldGroup | null {
  const memberIds = idsOf(chat.users)
  return memberIds
    ? { name: nameOf(chat.chatName), memberIds, ownerId: ownerOf(memberIds, [chat.groupAdmin]) }
    : null
}

function fromGroup(doc: GroupDoc): OldGroup | null {
  const memberIds = idsOf(doc.members) ?? idsOf(doc.users)
  if (!memberIds) return null
  const ownerId = ownerOf(memberIds, [doc.groupAdmin, doc.admin, doc.createdBy])
  return { name: nameOf(doc.name), memberIds, ownerId }
}

function ownerOf(memberIds: string[], said: unknown[]): string | undefined {
  return said.flatMap((value) => idOf(value) ?? []).find((userId) => memberIds.includes(userId))
}

function nameOf(value: unknown): string {
  return textOf(value)?.slice(0, 200) ?? 'Group'
}
