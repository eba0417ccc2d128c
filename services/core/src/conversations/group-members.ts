import { CodedError, type GroupMember, type GroupRole, type Limits } from '@earshot/protocol'
import type { UserStore } from '../accounts/user-store.ts'
import { fromDbId } from '../clients/mongo.ts'
import type { GroupSizes } from './group-sizes.ts'
import type { GroupTurns, Turn } from './group-turns.ts'
import type { MembershipChanges } from './membership-changes.ts'
import type { MembershipStore } from './membership-store.ts'

/** Who may change who is in a group. Decided and written in the group's turn, by what MongoDB says then. */
export class GroupMembers {
  readonly #memberships: MembershipStore
  readonly #changes: MembershipChanges
  readonly #turns: GroupTurns
  readonly #sizes: GroupSizes
  readonly #users: UserStore
  readonly #limits: Limits

  constructor(deps: {
    memberships: MembershipStore
    changes: MembershipChanges
    turns: GroupTurns
    sizes: GroupSizes
    users: UserStore
    limits: Limits
  }) {
    this.#memberships = deps.memberships
    this.#changes = deps.changes
    this.#turns = deps.turns
    this.#sizes = deps.sizes
    this.#users = deps.users
    this.#limits = deps.limits
  }

  /** Whom a new group is to have. @throws {CodedError} `NOT_FOUND` naming who does not exist, `TOO_LARGE` */
  async proposed(ownerId: string, userIds: string[]): Promise<GroupMember[]> {
    const others = [...new Set(userIds)].filter((userId) => userId !== ownerId)
    if (others.length + 1 > this.#limits.groupMaxMembers) throw this.#tooMany()
    await this.#mustExist(others)
    return [
      { userId: ownerId, role: 'owner' },
      ...others.map((userId) => ({ userId, role: 'member' as const })),
    ]
  }

  /**
   * The members of a group that nobody knows yet.
   * @param make makes the group, when they are in
   * @throws {CodedError} `RETRY_LATER`
   */
  async begin(groupId: string, members: GroupMember[], make: () => Promise<void>): Promise<void> {
    const userIds = members.map(({ userId }) => userId)
    await this.#changes.make({ groupId, userIds, kind: 'put' }, async () => {
      await this.#memberships.putFirst(groupId, members)
      await this.#sizes.note(groupId, members.length)
      await make()
    })
  }

  /** @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `TOO_LARGE`, `RETRY_LATER` */
  async put(
    actorId: string,
    groupId: string,
    { userId, role }: GroupMember,
  ): Promise<'added' | 'changed' | 'unchanged'> {
    await this.mustBeMember(groupId, actorId)
    return this.#turns.run(groupId, async (turn) => {
      const actor = await this.#roleOf(actorId, groupId)
      const current = await this.#memberships.roleNow(groupId, userId)
      if (current === role) return 'unchanged'
      mustBeAllowed({ actor, current, role })
      if (!current) {
        await this.#mustExist([userId])
        if (turn.size >= this.#limits.groupMaxMembers) throw this.#tooMany()
      }
      await this.#write(turn, groupId, [{ userId, role }], current ? 0 : 1)
      return current ? 'changed' : 'added'
    })
  }

  /**
   * Removes a member, or lets one leave. An owner who leaves is followed by the first admin, or the first member.
   * @returns the heir
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `RETRY_LATER`
   */
  async remove(actorId: string, groupId: string, userId: string): Promise<string | undefined> {
    await this.mustBeMember(groupId, actorId)
    return this.#turns.run(groupId, async (turn) => {
      const actor = await this.#roleOf(actorId, groupId)
      if (actorId !== userId) {
        const role = await this.#memberships.roleNow(groupId, userId)
        if (!role) throw new CodedError('NOT_FOUND', 'There is no such member.')
        const mayRemove = actor === 'owner' || (actor === 'admin' && role === 'member')
        if (!mayRemove) throw new CodedError('FORBIDDEN', 'You may not remove this member.')
      }
      return this.#withdraw(turn, groupId, userId)
    })
  }

  /**
   * Members whom the existing system has: it knows no limit and asks nobody. Who is in already keeps their role.
   * @returns the others
   * @throws {CodedError} `RETRY_LATER`
   */
  async admit(groupId: string, members: GroupMember[]): Promise<GroupMember[]> {
    const userIds = members.map(({ userId }) => userId)
    return this.#turns.run(groupId, async (turn) => {
      const known = await this.#memberships.membersAmong(groupId, userIds)
      const newcomers = members.filter(({ userId }) => !known.has(userId))
      if (newcomers.length > 0) await this.#write(turn, groupId, newcomers, newcomers.length)
      return newcomers
    })
  }

  /**
   * A member whom the existing system does not have any more.
   * @returns whether there was one, and the heir
   * @throws {CodedError} `RETRY_LATER`
   */
  async withdraw(groupId: string, userId: string): Promise<{ wasMember: boolean; heirId?: string }> {
    return this.#turns.run(groupId, async (turn) => {
      if (!(await this.#memberships.roleNow(groupId, userId))) return { wasMember: false }
      const heirId = await this.#withdraw(turn, groupId, userId)
      return { wasMember: true, ...(heirId !== undefined && { heirId }) }
    })
  }

  /**
   * Nobody is a member any more.
   * @param drop takes the group away, before its members
   * @returns who was
   * @throws {CodedError} `NOT_FOUND`, `FORBIDDEN`, `RETRY_LATER`
   */
  async removeAll(actorId: string, groupId: string, drop: () => Promise<void>): Promise<string[]> {
    await this.mustBeMember(groupId, actorId)
    return this.#turns.run(groupId, async (turn) => {
      const actor = await this.#roleOf(actorId, groupId)
      if (actor !== 'owner') throw new CodedError('FORBIDDEN', 'Only the owner deletes a group.')
      const members = await this.#memberships.members(groupId)
      await turn.change(() =>
        this.#changes.make({ groupId, userIds: [], kind: 'removed' }, async () => {
          await drop()
          await this.#memberships.removeAll(groupId)
          return -turn.size
        }),
      )
      return members.map(({ userId }) => userId)
    })
  }

  /** Before a turn is taken: outsiders hold up nobody. @throws {CodedError} `NOT_FOUND` */
  async mustBeMember(groupId: string, userId: string): Promise<GroupRole> {
    const role = await this.#memberships.role(groupId, userId)
    if (!role) throw noSuchGroup()
    return role
  }

  /** What MongoDB says: another node may have changed it in the turn before. */
  async #roleOf(userId: string, groupId: string): Promise<GroupRole> {
    const role = await this.#memberships.roleNow(groupId, userId)
    if (!role) throw noSuchGroup()
    return role
  }

  /** @param added how many of them are new; the others have a new role */
  async #write(turn: Turn, groupId: string, members: GroupMember[], added: number): Promise<void> {
    const userIds = members.map(({ userId }) => userId)
    await turn.change(async () => {
      await this.#changes.make({ groupId, userIds, kind: 'put' }, () =>
        this.#memberships.put(groupId, members),
      )
      return added
    })
  }

  /** Returns the heir of an owner. */
  async #withdraw(turn: Turn, groupId: string, userId: string): Promise<string | undefined> {
    const isOwner = (await this.#memberships.roleNow(groupId, userId)) === 'owner'
    const heirId = isOwner ? await this.#heirOf(groupId, userId) : undefined
    if (heirId !== undefined) await this.#write(turn, groupId, [{ userId: heirId, role: 'owner' }], 0)
    await turn.change(() =>
      this.#changes.make({ groupId, userIds: [userId], kind: 'removed' }, async () =>
        (await this.#memberships.remove(groupId, userId)) ? -1 : 0,
      ),
    )
    return heirId
  }

  async #heirOf(groupId: string, ownerId: string): Promise<string | undefined> {
    const others = (await this.#memberships.members(groupId)).filter(({ userId }) => userId !== ownerId)
    // There is an heir already when the owner was to leave before, and it failed.
    if (others.some(({ role }) => role === 'owner')) return undefined
    return (others.find(({ role }) => role === 'admin') ?? others[0])?.userId
  }

  async #mustExist(userIds: string[]): Promise<void> {
    const found = new Set((await this.#users.find(userIds)).map((doc) => fromDbId(doc._id)))
    const missing = userIds.find((userId) => !found.has(userId))
    if (missing !== undefined)
      throw new CodedError('NOT_FOUND', `There is no user ${missing}.`, { field: 'members' })
  }

  #tooMany(): CodedError {
    const { groupMaxMembers } = this.#limits
    return new CodedError('TOO_LARGE', `A group has ${groupMaxMembers} members at most.`, {
      field: 'members',
    })
  }
}

/** Owners and admins may, and only an owner makes admins. @throws {CodedError} `FORBIDDEN` */
function mustBeAllowed(change: { actor: GroupRole; current: GroupRole | null; role: GroupRole }): void {
  const { actor, current, role } = change
  if (actor === 'member') throw new CodedError('FORBIDDEN', 'Only owners and admins change the members.')
  if (role === 'owner' || current === 'owner') throw new CodedError('FORBIDDEN', 'A group has one owner.')
  if (actor !== 'owner' && (role === 'admin' || current === 'admin')) {
    throw new CodedError('FORBIDDEN', 'Only the owner makes admins.')
  }
}

/** The same for one that is none of theirs. */
export function noSuchGroup(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such group.')
}
