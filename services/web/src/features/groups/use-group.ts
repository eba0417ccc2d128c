import { useEffect, useState } from 'react'
import { useServices } from '../../app/services.ts'

export interface GroupInfo {
  size: number
  /** Of the first members only: a group can have thousands. */
  names: readonly string[]
}

const namedMembers = 20

/** How many are in a group, and some names, kept current while the component is there. */
export function useGroup(groupId: string): GroupInfo | undefined {
  const { client } = useServices()
  const [info, setInfo] = useState<GroupInfo>()
  const changes = useGroupChanges(groupId)

  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew after each change.
  useEffect(() => {
    let current = true
    async function load() {
      try {
        const { members } = await client.http.group(groupId)
        const first = members.slice(0, namedMembers).map((member) => member.userId)
        const users = await client.http.lastSeenMany(first)
        if (current) setInfo({ size: members.length, names: users.map((user) => user.name) })
      } catch (error) {
        console.warn('Earshot: the members of the group are not known.', error)
      }
    }
    void load()
    return () => {
      current = false
    }
  }, [client, groupId, changes])

  return info
}

/** Grows with every change of who is in the group; several at once count as one. */
export function useGroupChanges(groupId: string): number {
  const { client } = useServices()
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const note = (changed: { groupId: string }) => {
      if (changed.groupId !== groupId) return
      clearTimeout(timer)
      timer = setTimeout(() => setChanges((before) => before + 1), 300)
    }
    const stops = [client.on('group_member_added', note), client.on('group_member_removed', note)]
    return () => {
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }, [client, groupId])
  return changes
}
