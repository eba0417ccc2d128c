import {
  type AckBody,
  type ChangeAck,
  type ClientEventName,
  type ClientPayload,
  CodedError,
  type MediaRecord,
  type SendAck,
  type SendGroupMessage,
  type SendMessage,
  type SendVoiceMessage,
  type SyncedConversation,
  type SyncRequest,
  type UserStatus,
} from '@earshot/protocol'
import { Connection } from './connection.ts'
import { Emitter } from './emitter.ts'
import type { EarshotEvents } from './events.ts'
import { Feed } from './feed/feed.ts'
import { HttpApi } from './http-api.ts'
import { HttpTransport } from './http-transport.ts'
import { newMessageId } from './message-id.ts'
import { type EarshotOptions, tokenSource } from './options.ts'
import { Outbox } from './outbox/outbox.ts'
import { noStorage, type OutboxItem, type SendEvent } from './outbox/outbox-storage.ts'
import { ownMessage, type Self } from './own-message.ts'
import { PayloadGuard } from './payload-guard.ts'
import { PresenceWatch } from './presence-watch.ts'
import { ReceiptBatch } from './receipt-batch.ts'
import { defaultRetryPolicy, isRetryable, type RetryPolicy, retryDelayMs, sleep } from './retry.ts'
import { type TypingAddress, TypingNotifier } from './typing-notifier.ts'
import { type UploadOptions, uploadInPieces } from './uploads/resumable-upload.ts'

/** Slowest uplink that a large payload is given time for: 20 bytes a millisecond. */
const bytesPerMs = 20

/**
 * One user's connection to Earshot. Every promise rejects with a `CodedError` of the protocol's error table, or with the
 * application's own reason for taking something back.
 */
export class EarshotClient {
  readonly http: HttpApi
  /** Messages told once and in order, whatever happens to connections. */
  readonly feed: Feed
  readonly #events = new Emitter<EarshotEvents>()
  readonly #connection: Connection
  readonly #transport: HttpTransport
  readonly #outbox: Outbox
  readonly #presence: PresenceWatch
  readonly #receipts: ReceiptBatch
  readonly #typing: TypingNotifier
  readonly #guard: PayloadGuard
  readonly #getToken: () => Promise<string>
  readonly #retry: RetryPolicy
  readonly #ackTimeoutMs: number
  readonly #requestTimeoutMs: number
  #self: Promise<Self> | undefined

  constructor(options: EarshotOptions) {
    this.#retry = { ...defaultRetryPolicy, ...options.retry }
    this.#ackTimeoutMs = options.ackTimeoutMs ?? 10_000
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 60_000
    this.#getToken = tokenSource(options)
    this.#transport = new HttpTransport({ url: options.url, getToken: this.#getToken })
    this.http = new HttpApi(this.#transport)
    this.#guard = new PayloadGuard(() => this.http.limits())
    this.#connection = new Connection(options, this.#events)
    this.#presence = new PresenceWatch((event, userIds) => this.#call(event, { userIds }), this.#events)
    this.#receipts = new ReceiptBatch((event, receipt) => this.#call(event, receipt))
    this.#typing = new TypingNotifier((typing) => {
      // Not worth a second try: it would be old by then.
      if (this.connected) void this.#once('typing', typing).catch(() => undefined)
    })
    this.#outbox = new Outbox({
      storage: options.outbox ?? noStorage,
      ready: () => this.#connection.whenConnected(),
      deliver: (item) => this.#deliver(item),
      retry: this.#retry,
      emit: (event, payload) => this.#events.emit(event, payload as never),
    })
    this.feed = new Feed({
      events: this.#events,
      sync: (positions) => this.sync(positions),
      list: () => this.http.conversations(),
      isConnected: () => this.connected,
      retry: this.#retry,
    })
    this.#events.on('connected', () => {
      this.#outbox.resume()
      void this.#receipts.flush()
    })
    // What is not sent stays in the storage, until there is a token that the server takes.
    this.#events.on('disconnected', ({ willReconnect, error }) => {
      if (!willReconnect && error) this.#outbox.end(error)
    })
    if (options.getToken) this.#events.on('token_expired', () => void this.#renewToken())
  }

  /**
   * Resolves when connected for the first time, rejects when the server refuses. While the network is away it
   * keeps trying. Listen with `on` before, so that no event is missed.
   */
  async connect(): Promise<void> {
    this.#outbox.restore()
    this.#connection.open()
    await this.#connection.whenConnected()
  }

  /** What is not acknowledged yet stays in the outbox's storage. */
  close(): void {
    this.feed.stop()
    this.#typing.close()
    this.#receipts.close()
    this.#presence.close()
    this.#connection.close()
  }

  get connected(): boolean {
    return this.#connection.connected
  }

  /** Returns the function that takes the listener off again. */
  on<E extends keyof EarshotEvents>(event: E, listener: (payload: EarshotEvents[E]) => void): () => void {
    return this.#events.on(event, listener)
  }

  off<E extends keyof EarshotEvents>(event: E, listener: (payload: EarshotEvents[E]) => void): void {
    this.#events.off(event, listener)
  }

  /**
   * Resolves when everybody sees this user online by this connection, and tells which node holds it: an opaque id,
   * for support and load tests. A connected user is online without it, a moment later.
   */
  async online(userId: string): Promise<string> {
    return (await this.#call('user_online', userId)).node
  }

  /** What was said and is not acknowledged yet, with what an earlier life of the program left behind. */
  get pending(): readonly OutboxItem[] {
    return this.#outbox.pending
  }

  /**
   * Resolves when the server has stored it, however long the network is away; those to one conversation arrive in the
   * order in which they were sent. Rejects when the server refuses it for good.
   */
  sendMessage(message: SendMessage): Promise<SendAck> {
    return this.#send('message', message)
  }

  /** Like `sendMessage`. */
  sendVoiceMessage(message: SendVoiceMessage): Promise<SendAck> {
    return this.#send('voice_message', message)
  }

  /** Like `sendMessage`. */
  sendGroupMessage(message: SendGroupMessage): Promise<SendAck> {
    return this.#send('group_message', message)
  }

  /**
   * Takes back what was not sent yet; its promise rejects with an `AbortError`. Returns false when the server has it, or
   * may have it, or when it was never here.
   */
  cancelSend(clientMessageId: string): Promise<boolean> {
    return this.#outbox.cancel(clientMessageId)
  }

  /** One's own text. */
  editMessage(messageId: string, content: string): Promise<ChangeAck> {
    return this.#call('edit_message', { messageId, content })
  }

  /** One's own message of any type. */
  deleteMessage(messageId: string): Promise<ChangeAck> {
    return this.#call('delete_message', { messageId })
  }

  react(messageId: string, emoji: string, { remove = false } = {}): Promise<ChangeAck> {
    return this.#call('react', { messageId, emoji, remove })
  }

  /** Everything up to `seq` has arrived. Sent soon, together with others. */
  markDelivered(conversationId: string, seq: number): void {
    this.#receipts.note('message_delivered', { conversationId, seq })
  }

  /** Everything up to `seq` was read. */
  markRead(conversationId: string, seq: number): void {
    this.#receipts.note('message_read', { conversationId, seq })
  }

  /** A voice message was listened to. */
  async markPlayed(conversationId: string, seq: number): Promise<void> {
    await this.#call('voice_played', { conversationId, seq })
  }

  /**
   * Where listening to a voice message stopped, for one's other devices; 0 to forget it. Every few seconds is enough.
   * @param seconds from its start
   */
  async markPosition(messageId: string, seconds: number): Promise<void> {
    await this.#call('voice_position', { messageId, position: seconds })
  }

  /** Call it at every keystroke, or while a voice message is being recorded; it ends by itself. */
  typing(address: TypingAddress, activity?: 'text' | 'voice'): void {
    this.#typing.typing(address, activity)
  }

  stoppedTyping(address: TypingAddress, activity?: 'text' | 'voice'): void {
    this.#typing.stopped(address, activity)
  }

  /** Sends a file in pieces, with progress, to be broken off and continued. What comes back goes into a message's `file`. */
  upload(file: Blob, options?: UploadOptions): Promise<MediaRecord> {
    return uploadInPieces(this.#transport, file, this.#retry, options)
  }

  /** For those on the screen: `user_status_changed` tells of them until the returned function is called. */
  watch(userIds: readonly string[]): () => void {
    return this.#presence.watch(userIds)
  }

  /** From now on `user_status_changed` tells of these users alone. Answers with how they are now. */
  subscribe(userIds: readonly string[]): Promise<UserStatus[]> {
    return this.#presence.subscribe(userIds)
  }

  unsubscribe(userIds: readonly string[]): Promise<void> {
    return this.#presence.unsubscribe(userIds)
  }

  /** What was missed since the given positions; ask again for a conversation that is not `complete`. */
  async sync(positions: SyncRequest['conversations']): Promise<Record<string, SyncedConversation>> {
    return (await this.#call('sync', { conversations: positions })).conversations
  }

  /** Renews the token of the standing connection, after `token_expired`. */
  async authenticate(token: string): Promise<void> {
    await this.#call('authenticate', { token })
  }

  /** The id is filled in once, before the first try: however often it is sent, it makes one message. */
  #send<E extends SendEvent>(event: E, message: ClientPayload<E>): Promise<SendAck> {
    const clientMessageId = message.clientMessageId ?? newMessageId()
    const payload = { ...message, clientMessageId }
    return this.#outbox.add({ clientMessageId, event, payload, createdAt: Date.now() })
  }

  async #deliver(item: OutboxItem): Promise<SendAck> {
    const ack = await this.#once(item.event, item.payload, bytesOf(item))
    void this.#tellOwn(item, ack)
    return ack
  }

  /** The server tells a sender's other devices, not the one that has the ack. */
  async #tellOwn(item: OutboxItem, ack: SendAck): Promise<void> {
    if (!this.feed.started) return
    try {
      this.feed.hear(ownMessage(item, ack, await this.#whoAmI()))
    } catch {
      this.feed.look(ack.conversationId) // it is in the history
    }
  }

  async #once<E extends ClientEventName>(
    event: E,
    payload: ClientPayload<E>,
    bytes = 0,
  ): Promise<AckBody<E>> {
    const check = this.#guard.check(payload)
    if (check) await check
    return this.#connection.request(event, payload, this.#ackTimeoutMs + bytes / bytesPerMs)
  }

  #whoAmI(): Promise<Self> {
    this.#self ??= this.http.me().then(
      ({ _id, name }) => ({ userId: _id, name }),
      (error: unknown) => {
        this.#self = undefined
        throw error
      },
    )
    return this.#self
  }

  /** Until it is done, or the connection ends: the next one asks for a token again. */
  async #renewToken(): Promise<void> {
    for (let tries = 1; this.connected; tries++) {
      try {
        return await this.authenticate(await this.#getToken())
      } catch (error) {
        console.warn('Earshot: the token could not be renewed.', error)
        if (error instanceof CodedError && !isRetryable(error)) return
        await sleep(retryDelayMs(this.#retry, Math.min(tries, 20)))
      }
    }
  }

  async #call<E extends ClientEventName>(event: E, payload: ClientPayload<E>): Promise<AckBody<E>> {
    const deadline = Date.now() + this.#requestTimeoutMs
    for (let tries = 1; ; tries++) {
      try {
        await this.#connection.whenConnected(deadline - Date.now())
        return await this.#once(event, payload)
      } catch (error) {
        if (!isRetryable(error) || this.#connection.ended || tries >= this.#retry.maxTries) throw error
        const delayMs = retryDelayMs(this.#retry, tries, error.retryAfterMs)
        if (Date.now() + delayMs >= deadline) throw error
        await sleep(delayMs)
      }
    }
  }
}

function bytesOf({ payload }: OutboxItem): number {
  const voice = 'voiceMessage' in payload ? payload.voiceMessage : undefined
  return (voice?.url?.length ?? 0) + (voice?.data?.byteLength ?? 0)
}

/** A client that is connected already. */
export async function connect(options: EarshotOptions): Promise<EarshotClient> {
  const client = new EarshotClient(options)
  await client.connect()
  return client
}
