import type { PresenceState } from '@earshot/client'
import type { UserStatus } from '@earshot/protocol'
import { useEffect } from 'react'
import { useServices } from '../../app/services.ts'
import { useStore } from '../../app/store.ts'

/** Watches these people for as long as the component is there. */
export function useWatch(userIds: readonly string[]): void {
  const { presence } = useServices()
  const key = JSON.stringify(userIds)
  useEffect(() => presence.watch(JSON.parse(key) as string[]), [presence, key])
}

export function useStatus(userId: string | undefined): UserStatus | undefined {
  const { presence } = useServices()
  return useStore(presence.statuses, (statuses) => (userId === undefined ? undefined : statuses[userId]))
}

export function useStatuses(): PresenceState {
  const { presence } = useServices()
  return useStore(presence.statuses, (statuses) => statuses)
}
