import type {
  AckBody,
  ClientEventName,
  ClientPayload,
  SendAck,
  SendGroupMessage,
  SendMessage,
  SendVoiceMessage,
  SyncedConversation,
  SyncRequest,
  UserStatus,
} from '@earshot/protocol'
import { Connection } from './connection.ts'
import { Emitter } from './emitter.ts'
import type { EarshotEvents } from './events.ts'
import { HttpApi } from './http-api.ts'
import { newMessageId } from './message-id.ts'
import { type EarshotOptions, tokenSource } from './options.ts'
import { PresenceWatch } from './presence-watch.ts'
import { defaultRetryPolicy, isRetryable, type RetryPolicy, retryDelayMs, sleep } from './retry.ts'

/** Slowest uplink that a large payload is given time for: 20 bytes a millisecond. */
const bytesPerMs = 20

/** One user's connection to Earshot. Every promise rejects with a `CodedError` of the protocol's error table. */
export class EarshotClient {
  readonly http: HttpApi
  readonly #events = new Emitter<EarshotEvents>()
  readonly #connection: Connection
  readonly #presence: PresenceWatch
  readonly #retry: RetryPolicy
  readonly #ackTimeoutMs: number
  readonly #requestTimeoutMs: number

  constructor(options: EarshotOptions) {
    this.#retry = { ...defaultRetryPolicy, ...options.retry }
    this.#ackTimeoutMs = options.ackTimeoutMs ?? 10_000
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 60_000
    this.http = new HttpApi({ url: options.url, getToken: tokenSource(options) })
    this.#connection = new Connection(options, this.#events)
    this.#presence = new PresenceWatch((event, userIds) => this.#call(event, { userIds }), this.#events)
  }

  /**
   * Resolves when connected for the first time, rejects when the server refuses. While the network is away it
   * keeps trying. Listen with `on` before, so that no event is missed.
   */
  async connect(): Promise<void> {
    this.#connection.open()
    await this.#connection.whenConnected()
  }

  close(): void {
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

  sendMessage(message: SendMessage): Promise<SendAck> {
    return this.#send('message', message)
  }

  sendVoiceMessage(message: SendVoiceMessage): Promise<SendAck> {
    return this.#send('voice_message', message, voiceBytes(message.voiceMessage))
  }

  sendGroupMessage(message: SendGroupMessage): Promise<SendAck> {
    return this.#send('group_message', message, voiceBytes(message.voiceMessage))
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
  #send<E extends 'message' | 'voice_message' | 'group_message'>(
    event: E,
    message: ClientPayload<E>,
    bytes = 0,
  ): Promise<AckBody<E>> {
    const clientMessageId = message.clientMessageId ?? newMessageId()
    return this.#call(event, { ...message, clientMessageId }, bytes)
  }

  async #call<E extends ClientEventName>(
    event: E,
    payload: ClientPayload<E>,
    bytes = 0,
  ): Promise<AckBody<E>> {
    const transferMs = bytes / bytesPerMs
    const deadline = Date.now() + this.#requestTimeoutMs + transferMs
    for (let tries = 1; ; tries++) {
      try {
        await this.#connection.whenConnected(deadline - Date.now())
        return await this.#connection.request(event, payload, this.#ackTimeoutMs + transferMs)
      } catch (error) {
        if (!isRetryable(error) || this.#connection.ended || tries >= this.#retry.maxTries) throw error
        const delayMs = retryDelayMs(this.#retry, tries, error.retryAfterMs)
        if (Date.now() + delayMs >= deadline) throw error
        await sleep(delayMs)
      }
    }
  }
}

function voiceBytes(voice: SendVoiceMessage['voiceMessage'] | undefined): number {
  return (voice?.url?.length ?? 0) + (voice?.data?.byteLength ?? 0)
}

/** A client that is connected already. */
export async function connect(options: EarshotOptions): Promise<EarshotClient> {
  const client = new EarshotClient(options)
  await client.connect()
  return client
}
