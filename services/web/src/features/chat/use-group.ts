import { useEffect, useState } from 'react'
import { useServices } from '../../app/services.ts'

export interface GroupInfo {
  name: string
  size: number
  /** Of the first members only: a group can have thousands. */
  names: readonly string[]
}

const namedMembers = 20

/** A group's name and members, kept current while the component is there. */
export function useGroup(groupId: string | undefined): GroupInfo | undefined {
  const { client } = useServices()
  const [info, setInfo] = useState<GroupInfo>()

  useEffect(() => {
    if (groupId === undefined) return
    let current = true
    async function load(id: string) {
      try {
        const { name, members } = await client.http.group(id)
        const first = members.slice(0, namedMembers).map((member) => member.userId)
        const users = await client.http.lastSeenMany(first)
        if (current) setInfo({ name, size: members.length, names: users.map((user) => user.name) })
      } catch (error) {
        console.warn('Earshot: the members of the group are not known.', error)
      }
    }
    const reload = (changed: { groupId: string }) => {
      if (changed.groupId === groupId) void load(groupId)
    }
    void load(groupId)
    const stops = [client.on('group_member_added', reload), client.on('group_member_removed', reload)]
    return () => {
      current = false
      for (const stop of stops) stop()
    }
  }, [client, groupId])

  return info
}
