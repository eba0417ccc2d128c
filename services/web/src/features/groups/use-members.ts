import type { GroupMember, GroupRole } from '@earshot/protocol'
import { useEffect, useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { useServices } from '../../app/services.ts'
import { useGroupChanges } from './use-group.ts'

export interface NamedMember extends GroupMember {
  name: string
}

/** As many as the contract lets one ask about at once. */
const namesAtOnce = 500
const rank: Record<GroupRole, number> = { owner: 0, admin: 1, member: 2 }

/** All members with their names, those with a role first, and what one may do with them. */
export function useMembers(groupId: string) {
  const { client, session } = useServices()
  const [members, setMembers] = useState<readonly NamedMember[]>()
  const [error, setError] = useState<string>()
  const [done, setDone] = useState(0)
  const changes = useGroupChanges(groupId)

  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew after each change.
  useEffect(() => {
    let current = true
    async function load() {
      const group = await client.http.group(groupId)
      const names = new Map<string, string>()
      for (let from = 0; from < group.members.length; from += namesAtOnce) {
        const ids = group.members.slice(from, from + namesAtOnce).map(({ userId }) => userId)
        for (const user of await client.http.lastSeenMany(ids)) names.set(user._id, user.name)
      }
      const named = group.members.map((member) => ({
        ...member,
        name: names.get(member.userId) ?? member.userId,
      }))
      named.sort((a, b) => rank[a.role] - rank[b.role] || a.name.localeCompare(b.name))
      if (current) setMembers(named)
    }
    load().catch((failure: unknown) => current && setError(errorText(failure)))
    return () => {
      current = false
    }
  }, [client, groupId, changes, done])

  /** Gives whether it was done; `error` says why not. */
  async function change(work: () => Promise<unknown>): Promise<boolean> {
    setError(undefined)
    try {
      await work()
      setDone((before) => before + 1)
      return true
    } catch (failure) {
      setError(errorText(failure))
      return false
    }
  }

  const role = members?.find(({ userId }) => userId === session.userId)?.role
  return {
    members,
    role,
    canManage: role === 'owner' || role === 'admin',
    error,
    add: (userIds: readonly string[]) =>
      change(async () => {
        for (const userId of userIds) await client.http.setMember(groupId, userId)
      }),
    setRole: (userId: string, role: GroupRole) =>
      change(() => client.http.setMember(groupId, userId, { role })),
    remove: (userId: string) => change(() => client.http.removeMember(groupId, userId)),
    rename: (name: string) => change(() => client.http.renameGroup(groupId, name)),
    leave: () => change(() => client.http.removeMember(groupId, session.userId)),
    deleteGroup: () => change(() => client.http.deleteGroup(groupId)),
  }
}
