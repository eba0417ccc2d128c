import { Connections } from '../realtime/connections.ts'
import { changeHandlers, receiptHandlers, typingHandlers } from '../realtime/handlers/change-handlers.ts'
import { messageHandlers } from '../realtime/handlers/message-handlers.ts'
import { positionHandlers } from '../realtime/handlers/position-handlers.ts'
import { presenceHandlers } from '../realtime/handlers/presence-handlers.ts'
import { Resubscribed } from '../realtime/resubscribed.ts'
import { EventRouter } from '../realtime/router.ts'
import { SlowReaders } from '../realtime/slow-readers.ts'
import { TokenWatch } from '../realtime/token-watch.ts'
import { TypingIndicators } from '../realtime/typing.ts'
import { TypingEnds } from '../realtime/typing-ends.ts'
import type { Parts } from './parts.ts'

/** The sockets: who they are, what their events do, and what ends them. */
export function createSockets({ basis, messaging, presence }: Parts) {
  const { config, realtime, stores, tokens, access, askRate, fanout, groupRooms, limits, metrics, log } =
    basis
  const connections = new Connections({
    realtime,
    tokens,
    users: stores.users,
    groupRooms,
    presenceWatch: presence.watch,
    leases: presence.leases,
    metrics,
    log,
  })
  const { settings } = presence
  const router = new EventRouter({
    handlers: {
      ...messageHandlers({
        messages: messaging.messages,
        history: messaging.history,
        groupRooms,
        visibility: settings,
        limits,
        rate: askRate,
      }),
      ...changeHandlers(messaging.changes),
      ...receiptHandlers(messaging.receipts),
      ...positionHandlers(messaging.positions),
      ...typingHandlers({
        typing: new TypingIndicators(fanout, presence.visibility),
        access,
        visibility: presence.visibility,
        rate: askRate,
      }),
      ...presenceHandlers({
        watch: presence.watch,
        headcountWatch: presence.headcountWatch,
        headcounts: presence.headcounts,
        settings,
        access,
        connections,
        limits,
        nodeId: config.NODE_ID,
      }),
      authenticate: async ({ socket }, { token }) => {
        await connections.renew(socket, token)
        return {}
      },
    },
    log,
    metrics,
  })
  const slowReaders = new SlowReaders({
    io: realtime.io,
    limits: { maxBytes: config.SLOW_READER_MAX_BYTES, maxPackets: config.SLOW_READER_MAX_PACKETS },
    metrics,
    log,
  })
  const resubscribed = new Resubscribed({
    realtime,
    groupRooms,
    presenceWatch: presence.watch,
    presenceReader: presence.reader,
    headcountWatch: presence.headcountWatch,
    missedChanges: presence.missedChanges,
    visibility: presence.visibility,
    log,
  })
  const tokenWatch = new TokenWatch(realtime.io, config.TOKEN_GRACE_MS)
  return {
    /** Before the first socket, and once Engine.IO is attached. */
    listen(): void {
      connections.listen(router)
      resubscribed.listen()
      new TypingEnds().listen(realtime.io)
    },
    start(): void {
      tokenWatch.start()
      slowReaders.start()
    },
    stop(): void {
      tokenWatch.stop()
      slowReaders.stop()
      realtime.hearing.stop()
      resubscribed.stop()
    },
  }
}
