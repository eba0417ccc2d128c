import {
  type Change,
  CodedError,
  type Conversation,
  directMembers,
  type Message,
  type ServerPayload,
  type SyncedConversation,
  type SyncRequest,
} from '@earshot/protocol'
import type { Emitter } from '../emitter.ts'
import type { EarshotEvents } from '../events.ts'
import { isRetryable, type RetryPolicy, retryDelayMs, sleep } from '../retry.ts'
import {
  type FeedPosition,
  type FeedState,
  feedFrom,
  heardChange,
  heardMessage,
  isBehind,
  positionOf,
  synced,
  type Told,
} from './feed-state.ts'

/** Conversations in one `sync`: the contract's default limit. */
const conversationsPerSync = 200

const newMessageEvents = [
  'new_message',
  'new_voice_message',
  'new_group_message',
  'new_group_voice_message',
] as const
const changeEvents = ['message_edited', 'message_deleted', 'message_reaction'] as const

export interface FeedEvents {
  /** Every message of every conversation: once, in the order of its `seq`. */
  message: Message
  /** Every edit, deletion and reaction: once, in the order of its `changeSeq`, after its message. */
  change: Change
}

/**
 * What is said, told to the application as if there were no lost connections: it hears live events, notices what is
 * missing, asks `sync`, and tells each message once and in order. It listens first and asks second, so nothing falls
 * between.
 */
export class Feed {
  readonly #events: Emitter<EarshotEvents>
  readonly #sync: (positions: SyncRequest['conversations']) => Promise<Record<string, SyncedConversation>>
  readonly #list: () => Promise<Conversation[]>
  readonly #isConnected: () => boolean
  readonly #retry: RetryPolicy
  readonly #states = new Map<string, FeedState>()
  readonly #behind = new Set<string>()
  #stops: (() => void)[] = []
  #hasListed = false
  #mustList = false
  #isListing = false
  #pump: Promise<void> | undefined

  constructor(deps: {
    events: Emitter<EarshotEvents>
    sync: (positions: SyncRequest['conversations']) => Promise<Record<string, SyncedConversation>>
    list: () => Promise<Conversation[]>
    isConnected: () => boolean
    retry: RetryPolicy
  }) {
    this.#events = deps.events
    this.#sync = deps.sync
    this.#list = deps.list
    this.#isConnected = deps.isConnected
    this.#retry = deps.retry
  }

  /**
   * Begins to tell: what was missed since the given positions first, then what comes. Conversations without a position
   * begin with what is said from now on. Call it before `connect`.
   */
  start(positions: Readonly<Record<string, FeedPosition>> = {}): void {
    if (this.started) return
    for (const [conversationId, position] of Object.entries(positions)) {
      this.#states.set(conversationId, feedFrom(position))
    }
    const resume = () => this.#resume()
    this.#stops = [
      ...newMessageEvents.map((event) => this.#events.on(event, (message) => this.hear(message))),
      ...changeEvents.map((event) =>
        this.#events.on(event, (change: ServerPayload<typeof event>) =>
          this.#hearChange({ type: event, ...change } as Change),
        ),
      ),
      this.#events.on('connected', resume),
      this.#events.on('sync_required', resume),
    ]
    if (this.#isConnected()) resume()
  }

  get started(): boolean {
    return this.#stops.length > 0
  }

  stop(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
    this.#states.clear()
    this.#behind.clear()
    this.#hasListed = false
  }

  /** How far the application has been told: store it, and give it to `start` the next time. */
  positions(): Record<string, FeedPosition> {
    return Object.fromEntries([...this.#states].map(([id, state]) => [id, positionOf(state)]))
  }

  /** A message from elsewhere than an event: one's own, by its ack. */
  hear(message: Message): void {
    if (!this.started) return
    const { conversationId, seq } = message
    const known = this.#states.get(conversationId)
    const before = this.#isWholeNews(conversationId) ? 0 : seq - 1
    // Before the first message there are no changes; else `sync` has to say where they stand.
    const state = known ?? feedFrom({ seq: before, ...(seq === 1 && { changeSeq: 0 }) })
    this.#tell(conversationId, heardMessage(state, message))
    if (!known && seq > 1) this.#ask(conversationId)
  }

  /** There is something new in a conversation. */
  look(conversationId: string): void {
    if (this.#states.has(conversationId)) this.#ask(conversationId)
    else if (this.started) this.#resume()
  }

  #hearChange(change: Change): void {
    const { conversationId, seq } = change
    const before = this.#isWholeNews(conversationId) ? 0 : seq
    const state = this.#states.get(conversationId) ?? feedFrom({ seq: before })
    this.#tell(conversationId, heardChange(state, change))
  }

  /** Whether one that is not known began since all were listed; of a group one may be a member only since now. */
  #isWholeNews(conversationId: string): boolean {
    return (
      this.#hasListed && (this.#isListing || this.#mustList || directMembers(conversationId) !== undefined)
    )
  }

  #tell(conversationId: string, { state, messages, changes }: Told): void {
    this.#states.set(conversationId, state)
    for (const message of messages) this.#events.emit('message', message)
    for (const change of changes) this.#events.emit('change', change)
    if (isBehind(state)) this.#ask(conversationId)
  }

  #ask(conversationId: string): void {
    this.#behind.add(conversationId)
    this.#pump ??= this.#run()
  }

  /** After every connection: what is known is asked for, and what began meanwhile is looked for. */
  #resume(): void {
    for (const conversationId of this.#states.keys()) this.#behind.add(conversationId)
    this.#mustList = true
    this.#pump ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      await this.#catchUp()
    } finally {
      this.#pump = undefined
    }
  }

  async #catchUp(): Promise<void> {
    for (let tries = 1; (this.#behind.size > 0 || this.#mustList) && this.started; ) {
      if (!this.#isConnected()) return // the next connection begins again
      try {
        if (this.#mustList) await this.#lookForNew()
        await this.#askSome()
        tries = 1
      } catch (error) {
        if (!isRetryable(error)) {
          if (!(error instanceof CodedError)) throw error
          this.#events.emit('error_message', { event: 'sync', error: error.toWire() })
          this.#behind.clear()
          return
        }
        await sleep(retryDelayMs(this.#retry, tries++, error.retryAfterMs))
      }
    }
  }

  /** One that began while we were away is told from its start; at the very first time only from now on. */
  async #lookForNew(): Promise<void> {
    this.#mustList = false
    this.#isListing = true
    try {
      const conversations = await this.#list()
      for (const { _id, headSeq } of conversations) {
        if (this.#states.has(_id)) continue
        this.#states.set(_id, feedFrom({ seq: this.#hasListed ? 0 : headSeq }))
        // Also for where its changes stand.
        this.#behind.add(_id)
      }
      this.#hasListed = true
    } catch (error) {
      this.#mustList = true
      throw error
    } finally {
      this.#isListing = false
    }
  }

  async #askSome(): Promise<void> {
    const asked = [...this.#behind].slice(0, conversationsPerSync)
    if (asked.length === 0) return
    const positions = Object.fromEntries(
      asked.map((id) => [id, requestOf(this.#states.get(id) ?? feedFrom({ seq: 0 }))]),
    )
    for (const id of asked) this.#behind.delete(id)
    let answers: Record<string, SyncedConversation>
    try {
      answers = await this.#sync(positions)
    } catch (error) {
      for (const id of asked) this.#behind.add(id)
      throw error
    }
    for (const id of asked) {
      const state = this.#states.get(id)
      const answer = answers[id]
      if (!state) continue
      if (!answer)
        this.#states.delete(id) // we may no longer read it
      else {
        this.#tell(id, synced(isLost(positions[id], answer) ? endOf(answer) : state, answer))
        for (const [messageId, position] of Object.entries(answer.positions ?? {})) {
          this.#events.emit('voice_position_changed', { messageId, conversationId: id, position })
        }
        if (!answer.complete) this.#behind.add(id)
      }
    }
  }
}

/** The server has less than we were told: a backup was restored. What is said from there on has our old numbers. */
function isLost(
  asked: SyncRequest['conversations'][string] | undefined,
  answer: SyncedConversation,
): boolean {
  const seq = typeof asked === 'object' ? asked.seq : (asked ?? 0)
  return answer.complete && answer.headSeq < seq
}

function endOf({ headSeq, headChangeSeq }: SyncedConversation): FeedState {
  return feedFrom({ seq: headSeq, changeSeq: headChangeSeq })
}

function requestOf(state: FeedState): SyncRequest['conversations'][string] {
  const { seq, changeSeq } = positionOf(state)
  return changeSeq === undefined ? seq : { seq, changeSeq }
}
