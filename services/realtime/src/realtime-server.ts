import { randomBytes } from 'node:crypto'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import type { ClientToServerEvents, ServerToClientEvents } from '@earshot/protocol'
import { createShardedAdapter } from '@socket.io/redis-adapter'
import type { Redis } from 'ioredis'
import { type Namespace, Server, type ServerOptions, type Socket } from 'socket.io'
import type { Adapter } from 'socket.io-adapter'
import { Hearing } from './hearing.ts'
import { Listeners } from './listeners.ts'
import { MembershipChannel } from './membership-channel.ts'
import { surviveOutages } from './publishing.ts'
import { Relay } from './relay.ts'
import { isNodesOwnRoom } from './rooms.ts'
import { sharedParser } from './shared-decoder.ts'
import { StatusChannel } from './status-channel.ts'
import { Subscriptions } from './subscriptions.ts'
import { VisibilityChannel } from './visibility-channel.ts'

/** Between our own nodes: nothing. What they tell each other must not get lost unseen, see `MembershipChannel`. */
type NodeEvents = Record<string, never>

export interface SocketData {
  userId: string
  name: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

export type RealtimeServer = Server<ClientToServerEvents, ServerToClientEvents, NodeEvents, SocketData>
export type RealtimeSocket = Socket<ClientToServerEvents, ServerToClientEvents, NodeEvents, SocketData>

export interface Realtime {
  io: RealtimeServer
  /** For what is told most. */
  relay: Relay
  listeners: Listeners
  subscriptions: Subscriptions
  /** Changes of who is in which group. */
  memberships: MembershipChannel
  /** Changes of who sees whom. */
  visibility: VisibilityChannel
  /** Changes of presence. */
  statuses: StatusChannel
  hearing: Hearing
  /** Resolves when Redis has all that was published so far, or could not take it. Never rejects. */
  published(): Promise<unknown>
}

/**
 * Socket.IO whose rooms span all nodes. The gateway attaches it to its HTTP server; the worker uses it without
 * listening, only to emit.
 * @param deps.publisher fails fast; @param deps.subscriber waits for Redis for ever, and is used for nothing else
 */
export function createRealtime(deps: {
  publisher: Redis
  subscriber: Redis
  prefix: string
  options?: Partial<ServerOptions>
  metrics: Metrics
  log: Logger
}): Realtime {
  const { publisher, subscriber, prefix, log } = deps
  const subscriptions = new Subscriptions(subscriber)
  const publish = publisher.spublish.bind(publisher) as (channel: string, message: string) => Promise<number>
  const channels = { publish, subscriber, prefix, log }
  const memberships = new MembershipChannel(channels)
  const visibility = new VisibilityChannel(channels)
  const { tell, published } = surviveOutages(publisher, {
    metrics: deps.metrics,
    log,
    askToSync: (channel) => relay.askToSync(channel),
  })
  const statuses = new StatusChannel({
    ...channels,
    // Not the one above: nobody waits for this.
    publish: (channel, message) => publisher.spublish(channel, message) as Promise<number>,
  })
  const channelPrefix = `${prefix}:io`
  const relay = new Relay({
    uid: randomBytes(8).toString('hex'),
    channelPrefix,
    publish: tell,
    namespace: () => io.sockets as Namespace,
  })
  const createAdapter = createShardedAdapter(publisher, subscriber, {
    channelPrefix,
    subscriptionMode: 'dynamic',
  })
  const io: RealtimeServer = new Server({
    ...deps.options,
    parser: sharedParser,
    // Socket.IO calls it with `new`.
    adapter: function adapterWithRelay(namespace: Namespace) {
      const adapter = withOwnRooms(createAdapter(namespace))
      relay.listen(adapter)
      return adapter
    } as unknown as ReturnType<typeof createShardedAdapter>,
  })
  const hearing = new Hearing({ subscriber, subscriptions, log })
  const listeners = new Listeners({
    subscriber,
    subscriptions,
    hearing,
    channelOf: relay.channelOf,
    isHeld: (room) => relay.isHeld(room),
  })
  return { io, relay, listeners, subscriptions, memberships, visibility, statuses, hearing, published }
}

/** Spares Redis a channel, and this node a subscription, for each room that nobody sends to from elsewhere. */
function withOwnRooms(adapter: Adapter): Adapter {
  const sharded = adapter as Adapter & { shouldUseASeparateNamespace(room: string): boolean }
  const isShared = sharded.shouldUseASeparateNamespace.bind(sharded)
  sharded.shouldUseASeparateNamespace = (room) => !isNodesOwnRoom(room) && isShared(room)
  return sharded
}
