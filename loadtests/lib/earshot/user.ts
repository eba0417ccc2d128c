import type {
  Ack,
  AckBody,
  ClientEventName,
  ClientPayload,
  ClientToServerEvents,
  Message,
  ServerToClientEvents,
  SyncedConversation,
  UserStatus,
  VoiceMessageStored,
} from '@earshot/protocol'
import { sleep } from '../run/wait.ts'
import { type BackoffOptions, SocketIoClient } from '../socketio/index.ts'
import { Positions } from './positions.ts'
import { RefusedError } from './refused-error.ts'
import { syncAll } from './sync.ts'
import { signToken } from './token.ts'

export interface UserOptions {
  target: string
  jwtSecret: string
  userId: string
  name?: string
  /** Which of the user's devices this is, in what a judge says. */
  device?: string
  reconnect?: Partial<BackoffOptions> | false
  /** Milliseconds from the first byte to being connected. */
  connectTimeoutMs?: number
  /** Milliseconds that an acknowledgement may take. */
  ackTimeoutMs?: number
}

/** What a device tells. Times are milliseconds. */
export interface UserEvents {
  /** @param at when it arrived, since 1970 */
  message?: (message: Message, at: number, via: 'live' | 'sync') => void
  status?: (status: UserStatus, at: number) => void
  /** What a subscription was answered with. @param askedAt when it was asked for, since 1970 */
  statuses?: (statuses: UserStatus[], askedAt: number) => void
  voiceStored?: (stored: VoiceMessageStored, at: number) => void
  typing?: () => void
  connected?: (tookMs: number, again: boolean) => void
  disconnected?: (reason: string) => void
  failed?: (error: Error, last: boolean) => void
  /** Everything that was missed while it was away has been told. */
  synced?: () => void
}

const tokenTtlSeconds = 24 * 3_600
const messageEvents = [
  'new_message',
  'new_voice_message',
  'new_group_message',
  'new_group_voice_message',
] as const

/** One device of one Earshot user. After a reconnect it subscribes again and asks for what it missed by itself. */
export class EarshotUser {
  readonly userId: string
  readonly device: string
  readonly token: string
  readonly socket: SocketIoClient<ServerToClientEvents, ClientToServerEvents>
  readonly positions = new Positions()
  readonly #events: UserEvents
  /** Whose presence it has subscribed to; a new connection has no subscriptions. */
  readonly #watched = new Set<string>()
  #node: string | undefined

  constructor(options: UserOptions, events: UserEvents = {}) {
    const { userId, name = userId, target, jwtSecret, reconnect, connectTimeoutMs, ackTimeoutMs } = options
    this.userId = userId
    this.device = options.device ?? userId
    this.token = signToken({ userId, name, ttlSeconds: tokenTtlSeconds }, jwtSecret)
    this.#events = events
    this.socket = new SocketIoClient(
      {
        url: target,
        auth: () => ({ token: this.token }),
        ...(reconnect !== undefined && { reconnect }),
        ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
        ...(ackTimeoutMs !== undefined && { ackTimeoutMs }),
      },
      {
        connected: (tookMs, again) => {
          this.#events.connected?.(tookMs, again)
          if (again) this.#cameBack()
        },
        disconnected: (reason) => this.#events.disconnected?.(reason),
        failed: (error, last) => this.#events.failed?.(error, last),
      },
    )
    for (const event of messageEvents) {
      this.socket.on(event, (message) => this.#heard(message, this.socket.receivedAt, 'live'))
    }
    this.socket.on('user_status_changed', (status) => this.#events.status?.(status, this.socket.receivedAt))
    this.socket.on('voice_message_stored', (stored) =>
      this.#events.voiceStored?.(stored, this.socket.receivedAt),
    )
    this.socket.on('user_typing', () => this.#events.typing?.())
    this.socket.on('sync_required', () => this.#cameBack())
  }

  /** The opaque id of the node that holds the socket; known once connected. */
  get node(): string {
    if (this.#node === undefined) throw new Error(`${this.userId} is not connected`)
    return this.#node
  }

  /** Resolves when the server says that the user is online. */
  async connect(): Promise<void> {
    await this.socket.connect()
    await this.#askForNode()
  }

  /**
   * Sends an event and gives the answer's body and when it arrived.
   * @throws {RefusedError} when the server says no; `DisconnectedError`, `AckTimeoutError` when it says nothing
   */
  async request<E extends ClientEventName>(
    event: E,
    payload: ClientPayload<E>,
  ): Promise<{ body: AckBody<E>; at: number }> {
    const { answer, at } = await this.socket.emitWithAck(event, ...([payload] as never))
    const ack = answer as Ack<AckBody<E>>
    if (!ack.ok) throw new RefusedError(ack.error)
    return { body: ack, at }
  }

  /** Wants to be told of these users' presence, 500 at most. @throws as `request` */
  async subscribe(userIds: readonly string[]): Promise<void> {
    for (const userId of userIds) this.#watched.add(userId)
    await this.#subscribe([...userIds])
  }

  /** Asks for everything after what it has, and tells it as it tells what comes live. */
  async sync(): Promise<void> {
    await this.#ask(this.positions.all(), (conversationId, { messages, complete, headSeq }) => {
      for (const message of messages) this.#heard(message, Date.now(), 'sync')
      const upTo = complete ? headSeq : messages.at(-1)?.seq
      if (upTo !== undefined) this.positions.caughtUp(conversationId, upTo)
    })
  }

  /** All messages of a conversation, in order. It tells nobody of them. */
  async history(conversationId: string): Promise<Message[]> {
    const all: Message[] = []
    await this.#ask({ [conversationId]: 0 }, (_, { messages }) => void all.push(...messages))
    return all
  }

  #ask(from: Record<string, number>, onPage: (id: string, page: SyncedConversation) => void): Promise<void> {
    const ask = async (conversations: Record<string, number>) =>
      (await this.request('sync', { conversations })).body.conversations
    return syncAll(from, ask, onPage, () => sleep(500))
  }

  #heard(message: Message, at: number, via: 'live' | 'sync'): void {
    this.positions.has(message.conversationId, message.seq)
    this.#events.message?.(message, at, via)
  }

  #cameBack(): void {
    this.#askForNode()
      .then(() => this.#subscribe([...this.#watched]))
      .then(() => this.sync())
      .then(
        () => this.#events.synced?.(),
        (error: unknown) =>
          this.#events.failed?.(error instanceof Error ? error : new Error(String(error)), false),
      )
  }

  async #subscribe(userIds: string[]): Promise<void> {
    if (userIds.length === 0) return
    const askedAt = Date.now()
    const { body } = await this.request('presence_subscribe', { userIds })
    this.#events.statuses?.(body.statuses, askedAt)
  }

  async #askForNode(): Promise<void> {
    this.#node = (await this.request('user_online', this.userId)).body.node
  }
}
