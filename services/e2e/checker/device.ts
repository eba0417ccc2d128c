import type { Change, Group, Message, SyncAck } from '@earshot/protocol'
import { TestClient } from '../src/test-client.ts'
import { applyChange, applyMessage, applySync, emptyView, hasGap, type View } from './client-model.ts'
import { asAnswer, httpAnswer, mediaAnswer } from './http-answer.ts'
import type { Call, Heard, Line, Link, Recorder } from './record.ts'
import type { Identity, Target } from './target.ts'

const answerTimeoutMs = 10_000
const connectTimeoutMs = 15_000
const messageEvents = new Set([
  'new_message',
  'new_voice_message',
  'new_group_message',
  'new_group_voice_message',
])
const changeEvents = new Set(['message_edited', 'message_deleted', 'message_reaction'])

/** Looks into MongoDB for a message that a client has just learned of. */
export type Learned = (messageId: string, because: 'acked' | 'heard') => void

/**
 * A device of a user, over all its connections: follows the contract as a client should, and has all it sees
 * recorded. It never connects again by itself: when and where to is the plan's.
 */
export class Device {
  readonly identity: Identity
  readonly name: string
  readonly views = new Map<string, View>()
  readonly #target: Target
  readonly #recorder: Recorder
  readonly #learned: Learned
  readonly #filling = new Set<string>()
  readonly #waiting = new Set<(heard: Heard) => void>()
  #client: TestClient | undefined
  #line: Line

  constructor(deps: {
    identity: Identity
    name: string
    target: Target
    recorder: Recorder
    learned: Learned
  }) {
    this.identity = deps.identity
    this.name = deps.name
    this.#target = deps.target
    this.#recorder = deps.recorder
    this.#learned = deps.learned
    this.#line = { user: deps.identity.userId, device: deps.name, connection: 0, node: 0 }
  }

  get isUp(): boolean {
    return this.#client?.socket.connected ?? false
  }

  get node(): number {
    return this.#line.node
  }

  view(conversationId: string): View {
    return this.views.get(conversationId) ?? emptyView
  }

  /** Connects to a node, or the next one that lets it in. */
  async connect(wanted: number): Promise<void> {
    const deadline = performance.now() + connectTimeoutMs
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      const urls = this.#target.urls()
      const node = (wanted + attempt) % urls.length
      if (await this.#tryConnect(urls[node] ?? '', node)) return
    }
    throw new Error(`${this.name} found no node to connect to within ${connectTimeoutMs} ms`)
  }

  /** Leaves, or is cut off in the middle of whatever it does. */
  drop(isAbrupt: boolean): void {
    if (isAbrupt) this.#client?.socket.io.engine.close()
    this.#client?.socket.disconnect()
  }

  call(name: string, payload: unknown): Promise<Call> {
    const client = this.#client
    return this.#recorder.call({ ...this.#line }, name, payload, async () => {
      if (!client?.socket.connected) throw new Error('not connected')
      return asAnswer(await client.socket.timeout(answerTimeoutMs).emitWithAck(name, payload))
    })
  }

  /** @param route names the request in the record, e.g. `PUT /group/:id/members/:userId` */
  http(route: string, path: string, json?: unknown): Promise<Call> {
    const [method = 'GET'] = route.split(' ')
    const base = this.#client?.url ?? ''
    return this.#recorder.call({ ...this.#line }, route, { path, json }, () =>
      httpAnswer(base + path, { method, json, token: this.identity.token, timeoutMs: answerTimeoutMs }),
    )
  }

  /** What it said itself, and the server has acknowledged. */
  learn(message: Message): void {
    this.#learned(message._id, 'acked')
    this.#change(message.conversationId, (view) => applyMessage(view, message))
  }

  learnChange(change: Change): void {
    this.#change(change.conversationId, (view) => applyChange(view, change))
  }

  /**
   * Asks for what it has missed, page by page, until there is no more; `false` when the server could not tell all yet.
   * @param patienceMs how long to ask again when an answer brings nothing new and is not complete
   */
  async catchUp(conversationIds: Iterable<string>, patienceMs = 0): Promise<boolean> {
    let wanted = [...new Set(conversationIds)]
    let deadline = performance.now() + patienceMs
    while (wanted.length > 0) {
      const positions = wanted.map((id) => [id, position(this.view(id))] as const)
      const call = await this.call('sync', { conversations: Object.fromEntries(positions) })
      if (!call.answer?.ok) return false
      const { conversations } = call.answer as unknown as SyncAck
      let hasMoved = false
      for (const id of wanted) {
        const answer = conversations[id]
        const before = this.view(id)
        if (!answer) continue
        this.views.set(id, applySync(before, answer))
        hasMoved ||= this.view(id).seq > before.seq || this.view(id).changeSeq > before.changeSeq
      }
      wanted = wanted.filter((id) => conversations[id] && !conversations[id].complete)
      if (hasMoved) deadline = performance.now() + patienceMs
      else if (wanted.length > 0) {
        if (performance.now() > deadline) return false
        // The contract: not complete, ask again. Without a pause this would be a busy loop.
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    return true
  }

  /** Plays a voice message: the answer carries the sum of the bytes that came. */
  listen(messageId: string): Promise<Call> {
    const url = `${this.#client?.url ?? ''}/media/${encodeURIComponent(messageId)}`
    return this.#recorder.call({ ...this.#line }, 'GET /media/:id', { messageId }, () =>
      mediaAnswer(url, this.identity.token, answerTimeoutMs),
    )
  }

  /** Resolves to whether an event that fits comes within the time. */
  hears(fits: (heard: Heard) => boolean, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (found: boolean) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(found)
      }
      const look = (heard: Heard) => {
        if (fits(heard)) settle(true)
      }
      const timer = setTimeout(() => settle(false), withinMs)
      this.#waiting.add(look)
    })
  }

  async #tryConnect(url: string, node: number): Promise<boolean> {
    this.drop(false)
    const { userId, token } = this.identity
    const client = new TestClient(url, userId, token, { reconnection: false, timeout: 5_000 })
    const line: Line = { user: userId, device: this.name, connection: this.#line.connection + 1, node }
    this.#line = line
    const link = (state: Link['state'], reason: string) =>
      this.#recorder.add<Link>({ kind: 'link', ...line, state, reason })
    client.socket.on('connect', () => link('up', ''))
    client.socket.on('disconnect', (reason) => link('down', reason))
    client.socket.onAny((event: string, payload: unknown) => this.#hear(line, event, payload))
    try {
      await client.connected()
    } catch (error) {
      this.#recorder.mark('could not connect', `${this.name} to ${url}: ${String(error)}`)
      client.socket.disconnect()
      await new Promise((resolve) => setTimeout(resolve, 50))
      return false
    }
    this.#client = client
    return true
  }

  #hear(line: Line, event: string, payload: unknown): void {
    const heard = this.#recorder.add<Heard>({ kind: 'heard', ...line, event, payload })
    if (messageEvents.has(event)) {
      const message = payload as Message
      this.#learned(message._id, 'heard')
      this.#change(message.conversationId, (view) => applyMessage(view, message))
    } else if (changeEvents.has(event)) {
      const change = { type: event, ...(payload as object) } as Change
      this.#change(change.conversationId, (view) => applyChange(view, change))
    } else if (event === 'group_created') {
      void this.#fill((payload as Group).conversationId)
    } else if (event === 'sync_required') {
      void this.catchUp(this.views.keys())
    }
    for (const look of this.#waiting) look(heard)
  }

  #change(conversationId: string, make: (view: View) => View): void {
    const view = make(this.view(conversationId))
    this.views.set(conversationId, view)
    if (hasGap(view)) void this.#fill(conversationId)
  }

  /** One question at a time; a gap that stays is asked for again with the next event. */
  async #fill(conversationId: string): Promise<void> {
    if (this.#filling.has(conversationId) || !this.isUp) return
    this.#filling.add(conversationId)
    await this.catchUp([conversationId])
    this.#filling.delete(conversationId)
  }
}

function position({ seq, changeSeq }: View): { seq: number; changeSeq: number } {
  return { seq, changeSeq }
}
