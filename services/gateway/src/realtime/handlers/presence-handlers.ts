import { createHash } from 'node:crypto'
import type { ConversationAccess } from '@earshot/core/conversations/access'
import { RateLimiter } from '@earshot/core/messages/rate-limiter'
import type { Headcounts } from '@earshot/core/presence/headcounts'
import type { VisibilitySettings } from '@earshot/core/visibility/visibility-settings'
import { CodedError, type Limits, type PresenceSubscription } from '@earshot/protocol'
import type { Connections } from '../connections.ts'
import type { HeadcountWatch } from '../headcount-watch.ts'
import type { PresenceWatch } from '../presence-watch.ts'
import type { Handlers } from '../router.ts'

type PresenceEvents = 'user_online' | 'presence_subscribe' | 'presence_unsubscribe' | 'presence_visibility'

export function presenceHandlers(deps: {
  watch: PresenceWatch
  headcountWatch: HeadcountWatch
  headcounts: Headcounts
  settings: VisibilitySettings
  access: ConversationAccess
  connections: Connections
  limits: Limits
  nodeId: string
}): Pick<Handlers, PresenceEvents> {
  const { watch, headcountWatch, headcounts, access, limits } = deps
  // The node's name may tell a host's; its hash tells only which sockets share one.
  const node = createHash('sha256').update(deps.nodeId).digest('hex').slice(0, 8)

  function atMost(count: number, field: 'userIds' | 'groupIds'): void {
    const max = limits.subscribeMaxUsers
    if (count > max) throw new CodedError('TOO_LARGE', `${max} users at most.`, { field })
  }

  // Of a user, at once, as many as all their sockets may watch: whoever comes back with all of these is not refused. Then as many a
  // second as one event may name.
  const rate = new RateLimiter(
    limits.subscribeMaxUsers,
    limits.subscribeMaxUsersPerSocket * limits.socketsPerUser,
  )

  /** Small groups are their members, by name. */
  async function named(userId: string, { userIds = [], groupIds = [] }: PresenceSubscription) {
    const names = new Set(userIds)
    const large: string[] = []
    for (const groupId of new Set(groupIds)) {
      const members = await headcounts.members(groupId)
      if (members.length > limits.presenceNamesMaxMembers) large.push(groupId)
      else for (const member of members) if (member !== userId) names.add(member)
    }
    if (names.size > userIds.length) rate.take(userId, names.size - userIds.length)
    return { names: [...names], large }
  }

  return {
    /** A connected socket is online without it; the ack comes when that is true for everybody. */
    async user_online({ socket, userId }, payload) {
      const named = typeof payload === 'string' ? payload : payload.userId
      if (named !== userId) throw new CodedError('FORBIDDEN', 'userId is not you.', { field: 'userId' })
      await deps.connections.online(socket)
      return { node }
    },

    async presence_subscribe({ socket, userId }, payload) {
      const { userIds = [], groupIds = [] } = payload
      atMost(userIds.length + groupIds.length, userIds.length > 0 ? 'userIds' : 'groupIds')
      rate.take(userId, userIds.length + groupIds.length)
      for (const groupId of groupIds) await access.groupTarget(userId, groupId)
      const { names, large } = await named(userId, payload)
      const statuses = await watch.watch(socket, names, large)
      if (groupIds.length === 0) return { statuses }
      return { statuses, groups: await Promise.all(large.map((id) => headcountWatch.watch(socket, id))) }
    },

    async presence_unsubscribe({ socket, userId }, payload) {
      const { userIds = [], groupIds = [] } = payload
      // Each may have to be looked up.
      atMost(groupIds.length, 'groupIds')
      rate.take(userId, userIds.length + groupIds.length)
      for (const groupId of groupIds) headcountWatch.unwatch(socket, groupId)
      const { names } = await named(userId, payload)
      await watch.unwatch(socket, names)
      return {}
    },

    presence_visibility: ({ userId }, payload) => deps.settings.set(userId, payload),
  }
}
