import type { Tokens } from '@earshot/core/accounts/tokens'
import type { UserStore } from '@earshot/core/accounts/user-store'
import { toCodedError } from '@earshot/core/clients/unavailable'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import { Outage } from '@earshot/core/observability/outage'
import type { LeaseHolder } from '@earshot/core/presence/lease-holder'
import { CodedError } from '@earshot/protocol'
import { PackedWrites, type Realtime, type RealtimeSocket, userRoom } from '@earshot/realtime'
import type { GroupRooms } from './group-rooms.ts'
import type { PresenceWatch } from './presence-watch.ts'
import { forgetRequest } from './request-memory.ts'
import type { EventRouter } from './router.ts'

/** Reasons by which a client, or this node on purpose, says goodbye. All others are losses. */
const cleanReasons = new Set(['client namespace disconnect', 'server namespace disconnect'])

/** The life of a socket: let in, online, gone. */
export class Connections {
  readonly #realtime: Realtime
  readonly #tokens: Tokens
  readonly #users: UserStore
  readonly #groupRooms: GroupRooms
  readonly #presenceWatch: PresenceWatch
  readonly #leases: LeaseHolder
  readonly #metrics: Metrics
  readonly #log: Logger
  readonly #leasing: Outage
  /** Of sockets whose user is not online by them yet: resolved when that is so. */
  readonly #online = new WeakMap<RealtimeSocket, Promise<void>>()

  constructor(deps: {
    realtime: Realtime
    tokens: Tokens
    users: UserStore
    groupRooms: GroupRooms
    presenceWatch: PresenceWatch
    leases: LeaseHolder
    metrics: Metrics
    log: Logger
  }) {
    this.#realtime = deps.realtime
    this.#tokens = deps.tokens
    this.#users = deps.users
    this.#groupRooms = deps.groupRooms
    this.#presenceWatch = deps.presenceWatch
    this.#leases = deps.leases
    this.#metrics = deps.metrics
    this.#log = deps.log
    this.#leasing = new Outage(deps.log, 'taking and giving back leases')
  }

  listen(router: EventRouter): void {
    const { io } = this.#realtime
    const writes = new PackedWrites()
    io.use((socket, next) => {
      writes.of(socket)
      this.#admit(socket).then(
        () => next(),
        (err: unknown) => {
          const error = toCodedError(err)
          if (error.code === 'INTERNAL') this.#log.error({ err }, 'a socket could not be let in')
          next(Object.assign(new Error(error.message), { data: error.toWire() }))
        },
      )
    })
    io.on('connection', (socket) => {
      this.#groupRooms.connected(socket)
      this.#presenceWatch.connected(socket)
      this.#metrics.sockets.inc()
      const alive = () => this.#leases.alive(socket.id)
      socket.conn.on('packet', alive)
      const online = this.#goOnline(socket).finally(() => this.#online.delete(socket))
      this.#online.set(socket, online)
      socket.on('disconnect', (reason) => {
        // The connection may outlive the socket, and carry others after it.
        socket.conn.off('packet', alive)
        this.#leave(socket, reason)
      })
      router.attach(socket)
      forgetRequest(socket)
    })
  }

  /** Resolves when the user is online by this socket; rejects when that failed for now. */
  async online(socket: RealtimeSocket): Promise<void> {
    await this.#online.get(socket)
  }

  /** Takes a new token for a socket that is connected. @throws {CodedError} `FORBIDDEN` for another user's */
  async renew(socket: RealtimeSocket, token: string): Promise<void> {
    const { userId, name, expiresAt } = await this.#tokens.verify(token)
    if (userId !== socket.data.userId) throw new CodedError('FORBIDDEN', 'The token is of another user.')
    Object.assign(socket.data, { name: await this.#users.ensure(userId, name), expiresAt })
  }

  /**
   * Before the client is told that it is connected, its rooms are joined and heard on this node: what is said from
   * then on arrives live, what was said before is in the history.
   */
  async #admit(socket: RealtimeSocket): Promise<void> {
    const { token } = socket.handshake.auth as { token?: unknown }
    if (typeof token !== 'string' || token === '') {
      throw new CodedError('UNAUTHENTICATED', 'auth.token is missing.', { field: 'token' })
    }
    const identity = await this.#tokens.verify(token)
    const { userId } = identity
    Object.assign(socket.data, identity)
    await socket.join(userRoom(userId))
    const [name] = await Promise.all([
      this.#users.ensure(userId, identity.name),
      this.#groupRooms.admit(socket),
      this.#presenceWatch.admit(socket),
    ])
    Object.assign(socket.data, { name })
  }

  async #goOnline(socket: RealtimeSocket): Promise<void> {
    const { userId } = socket.data
    try {
      const outcome = await this.#leases.take({ userId, connectionId: socket.id })
      this.#leasing.worked()
      if (outcome === 'taken') return
      const error = new CodedError('RATE_LIMITED', 'Too many sockets of this user are open.', {
        retryAfterMs: 10_000,
      })
      socket.emit('error_message', { event: 'connect', error: error.toWire() })
      socket.disconnect(true)
    } catch (err) {
      // The socket may stay: the next renewal takes the lease.
      this.#leasing.failed(err)
    }
  }

  #leave(socket: RealtimeSocket, reason: string): void {
    this.#metrics.sockets.dec()
    this.#leases.giveBack(socket.id, cleanReasons.has(reason) ? 'clean' : 'lost').catch((err: unknown) => {
      // Not given back, it ends by itself.
      this.#leasing.failed(err)
    })
  }
}
