import {
  applyMessages,
  applyVoice,
  CodedError,
  directMembers,
  type EarshotClient,
  gapsOf,
  isRetryable,
  newMessageId,
} from '@earshot/client'
import type { Group, Message, ServerPayload } from '@earshot/protocol'
import { errorText } from '../../app/error-text.ts'
import { Store } from '../../app/store.ts'
import { catchUp } from './catch-up.ts'
import {
  type ChatState,
  changeList,
  initialChatState,
  type Outgoing,
  receive,
  withConversations,
} from './chat-state.ts'
import { deliver, type Self } from './deliver.ts'

const pageSize = 50

export type Draft = Pick<Outgoing, 'content' | 'voiceMessage'>

/** The conversations of one user: kept current by events, filled by pages, caught up after an absence. */
export class ChatStore {
  readonly state = new Store<ChatState>(initialChatState)
  readonly #client: EarshotClient
  readonly #self: Self
  #stops: (() => void)[] = []
  #catchingUp = false

  constructor(client: EarshotClient, self: Self) {
    this.#client = client
    this.#self = self
  }

  start(): void {
    const onMessage = (message: Message) => this.#receive(message)
    const reload = () => void this.loadConversations()
    const resume = () => void this.#resume()
    this.#stops = [
      this.#client.on('new_message', onMessage),
      this.#client.on('new_voice_message', onMessage),
      this.#client.on('new_group_message', onMessage),
      this.#client.on('new_group_voice_message', onMessage),
      this.#client.on('voice_message_stored', (stored) => this.#storeVoice(stored)),
      this.#client.on('group_created', (group) => this.#join(group)),
      this.#client.on('group_member_added', reload),
      this.#client.on('group_member_removed', (removed) => this.#removeMember(removed)),
      this.#client.on('reconnected', resume),
      this.#client.on('sync_required', resume),
    ]
    void this.loadConversations()
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  async loadConversations(): Promise<void> {
    try {
      const conversations = await this.#client.http.conversations()
      this.state.update((state) => withConversations(state, conversations))
    } catch (error) {
      console.warn('Earshot: the list of chats could not be loaded.', error)
      this.state.update((state) => (state.loading === 'ready' ? state : { ...state, loading: 'failed' }))
    }
  }

  /** Loads the newest page, once. */
  async open(conversationId: string): Promise<void> {
    const loading = this.state.get().history[conversationId]
    if (loading === 'loading' || loading === 'ready') return
    this.state.update((state) => changeList(state, conversationId, (list) => list))
    await this.#loadPage(conversationId, {})
  }

  async loadOlder(conversationId: string): Promise<void> {
    const first = this.state.get().lists[conversationId]?.messages[0]
    await this.#loadPage(conversationId, first ? { beforeSeq: first.seq } : {})
  }

  send(conversationId: string, draft: Draft): void {
    const outgoing: Outgoing = {
      ...draft,
      conversationId,
      clientMessageId: newMessageId(),
      createdAt: new Date().toISOString(),
    }
    this.state.update((state) => ({ ...state, outgoing: [...state.outgoing, outgoing] }))
    void this.#deliver(outgoing)
  }

  retry({ error: _error, ...outgoing }: Outgoing): void {
    this.#replaceOutgoing(outgoing)
    void this.#deliver(outgoing)
  }

  discard(clientMessageId: string): void {
    this.state.update((state) => ({
      ...state,
      outgoing: state.outgoing.filter((item) => item.clientMessageId !== clientMessageId),
    }))
  }

  async createGroup(name: string, members: string[]): Promise<Group> {
    const group = await this.#client.http.createGroup({ name, members })
    await this.loadConversations()
    return group
  }

  async #loadPage(conversationId: string, before: { beforeSeq?: number }): Promise<void> {
    this.#setHistory(conversationId, 'loading')
    try {
      const page = await this.#client.http.history(conversationId, { ...before, limit: pageSize })
      this.state.update((state) =>
        changeList(state, conversationId, (list) => applyMessages(list, page.messages, page.headSeq)),
      )
      this.#setHistory(conversationId, 'ready')
    } catch (error) {
      // Two people who have never written to each other have no conversation yet.
      const isNew = error instanceof CodedError && error.code === 'NOT_FOUND' && directMembers(conversationId)
      this.#setHistory(conversationId, isNew ? 'ready' : 'failed')
    }
  }

  #setHistory(conversationId: string, loading: 'loading' | 'ready' | 'failed'): void {
    this.state.update((state) => ({ ...state, history: { ...state.history, [conversationId]: loading } }))
  }

  async #deliver(outgoing: Outgoing): Promise<void> {
    try {
      this.#receive(await deliver(this.#client, outgoing, this.#self))
    } catch (error) {
      this.#replaceOutgoing({ ...outgoing, error: { text: errorText(error), canRetry: isRetryable(error) } })
    }
  }

  #replaceOutgoing(outgoing: Outgoing): void {
    this.state.update((state) => ({
      ...state,
      outgoing: state.outgoing.map((item) =>
        item.clientMessageId === outgoing.clientMessageId ? outgoing : item,
      ),
    }))
  }

  #receive(message: Message): void {
    this.state.update((state) => receive(state, message, this.#self.userId))
    const { conversations, lists } = this.state.get()
    if (!conversations.some((known) => known._id === message.conversationId)) void this.loadConversations()
    const list = lists[message.conversationId]
    if (list && gapsOf(list).length > 0) void this.#catchUp()
  }

  #storeVoice({ messageId, conversationId, voiceMessage }: ServerPayload<'voice_message_stored'>): void {
    if (!this.state.get().lists[conversationId]) return
    this.state.update((state) =>
      changeList(state, conversationId, (list) => applyVoice(list, messageId, voiceMessage)),
    )
  }

  #removeMember({ conversationId, userId }: ServerPayload<'group_member_removed'>): void {
    if (userId !== this.#self.userId) return void this.loadConversations()
    this.state.update((state) => ({
      ...state,
      conversations: state.conversations.filter((conversation) => conversation._id !== conversationId),
      left: [...state.left, conversationId],
    }))
  }

  #join({ conversationId }: Group): void {
    this.state.update((state) => ({ ...state, left: state.left.filter((id) => id !== conversationId) }))
    void this.loadConversations()
  }

  async #resume(): Promise<void> {
    await Promise.all([this.loadConversations(), this.#catchUp()])
    const { history } = this.state.get()
    const failed = Object.keys(history).filter((conversationId) => history[conversationId] === 'failed')
    await Promise.all(failed.map((conversationId) => this.open(conversationId)))
  }

  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return
    this.#catchingUp = true
    try {
      await catchUp(this.#client, this.state)
    } catch (error) {
      console.warn('Earshot: not caught up; the next connection tries again.', error)
    } finally {
      this.#catchingUp = false
    }
  }
}
