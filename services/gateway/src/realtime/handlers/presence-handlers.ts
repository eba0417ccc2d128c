import { createHash } from 'node:crypto'
import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import { CodedError, type Limits } from '@earshot/protocol'
import { everyone, type Subscriptions, watchersRoom } from '@earshot/realtime'
import type { Connections } from '../connections.ts'
import type { Handlers } from '../router.ts'

export function presenceHandlers(deps: {
  reader: PresenceReader
  connections: Connections
  subscriptions: Subscriptions
  limits: Limits
  nodeId: string
}): Pick<Handlers, 'user_online' | 'presence_subscribe' | 'presence_unsubscribe'> {
  // The node's name may tell a host's; its hash tells only which sockets share one.
  const node = createHash('sha256').update(deps.nodeId).digest('hex').slice(0, 8)
  return {
    /** A connected socket is online without it; the ack comes when that is true for everybody. */
    async user_online({ socket, userId }, payload) {
      const named = typeof payload === 'string' ? payload : payload.userId
      if (named !== userId) throw new CodedError('FORBIDDEN', 'userId is not you.', { field: 'userId' })
      await deps.connections.online(socket)
      return { node }
    },

    async presence_subscribe({ socket }, { userIds }) {
      if (userIds.length > deps.limits.subscribeMaxUsers) {
        throw new CodedError('TOO_LARGE', `${deps.limits.subscribeMaxUsers} users at most.`, {
          field: 'userIds',
        })
      }
      const rooms = userIds.map(watchersRoom)
      const watched = [...socket.rooms].filter((room) => room.startsWith('presence'))
      const all = new Set([...watched, ...rooms])
      all.delete(everyone)
      if (all.size > deps.limits.subscribeMaxUsersPerSocket) {
        const message = `A socket watches ${deps.limits.subscribeMaxUsersPerSocket} users at most.`
        throw new CodedError('TOO_LARGE', message, { field: 'userIds' })
      }
      await socket.leave(everyone)
      await socket.join(rooms)
      await deps.subscriptions.settled()
      return { statuses: await deps.reader.statuses(userIds) }
    },

    async presence_unsubscribe({ socket }, { userIds }) {
      for (const userId of userIds) await socket.leave(watchersRoom(userId))
      return {}
    },
  }
}
