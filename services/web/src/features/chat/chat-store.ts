import {
  applyChange,
  applyMessages,
  applyPosition,
  applyVoice,
  CodedError,
  directMembers,
  type EarshotClient,
  emptyMessageList,
  type MessageList,
  newMessageId,
  type OutboxItem,
} from '@earshot/client'
import type { Group, HistoryPage, HistoryQuery, Message, ServerPayload, VoiceInput } from '@earshot/protocol'
import { errorText } from '../../app/error-text.ts'
import { Store } from '../../app/store.ts'
import type { VoiceRecording } from '../voice/recording.ts'
import { addressOf, outgoingOf } from './address.ts'
import {
  type ChatState,
  changeList,
  initialChatState,
  type Outgoing,
  receive,
  receiveChange,
  receiveMark,
  withConversations,
  withLastKnown,
  withTyping,
} from './chat-state.ts'
import { changeEverywhere, goTo, goToNewest, viewOf, withNewer, withOlder } from './history-window.ts'
import { keepKnown } from './keep-known.ts'
import { refreshed, unplayedConversations } from './played-meanwhile.ts'
import type { Uploads } from './uploads.ts'

const pageSize = 50

export interface Self {
  userId: string
  name: string
}

export interface Draft {
  content: string
  voiceMessage?: VoiceInput
  replyTo?: string
}

/** The conversations of one user: kept current by the SDK's feed, filled by pages. */
export class ChatStore {
  readonly state = new Store<ChatState>(initialChatState)
  readonly #client: EarshotClient
  readonly #self: Self
  /** Loaded after the page. */
  readonly #uploads: () => Promise<Uploads>
  #stopUploads: () => void = () => undefined
  /** What is told of positions may come before the page with their messages, which may not know it. */
  readonly #positions = new Map<string, { conversationId: string; seconds: number }>()
  readonly #opening = new Map<string, Promise<void>>()
  #stops: (() => void)[] = []

  constructor(client: EarshotClient, self: Self) {
    this.#client = client
    this.#self = self
    let uploads: Promise<Uploads> | undefined
    this.#uploads = () => {
      uploads ??= import('./uploads.ts').then(({ Uploads }) => new Uploads(client, self, this.state))
      return uploads
    }
  }

  start(): void {
    const stopKeeping = keepKnown(this.state, this.#self.userId)
    this.#stops = [
      stopKeeping,
      this.#client.on('message', (message) => this.#receive(message)),
      this.#client.on('change', (change) =>
        this.state.update((state) =>
          changeEverywhere(receiveChange(state, change), change.conversationId, (list) =>
            applyChange(list, change),
          ),
        ),
      ),
      this.#client.on('outbox_changed', ({ pending }) => this.#showPending(pending)),
      this.#client.on('send_refused', ({ item, error }) => this.#refuse(item, error)),
      this.#client.on('voice_message_stored', (stored) => this.#storeVoice(stored)),
      this.#client.on('voice_message_transcribed', (stored) => this.#storeVoice(stored)),
      this.#client.on('voice_position_changed', ({ conversationId, messageId, position }) =>
        this.notePosition(conversationId, messageId, position),
      ),
      this.#client.on('message_status_changed', ({ conversationId, playedSeq: _played, ...mark }) =>
        this.state.update((state) => receiveMark(state, conversationId, mark, this.#self.userId)),
      ),
      this.#client.on('user_typing', (typing) => this.#showTyping(typing)),
      this.#client.on('group_created', (group) => this.#join(group)),
      this.#client.on('group_updated', (updated) => this.#updateGroup(updated)),
      this.#client.on('group_member_added', ({ userId }) => {
        // Others who join are seen where the group is open.
        if (userId === this.#self.userId) void this.loadConversations()
      }),
      this.#client.on('group_member_removed', (removed) => this.#removeMember(removed)),
      // Nobody is known to be typing from then on.
      this.#client.on('disconnected', () => this.state.update((state) => ({ ...state, typing: {} }))),
      this.#client.on('reconnected', () => void this.#resume()),
    ]
    void this.loadConversations()
    this.#resumeUploads().catch((error: unknown) => {
      console.warn('Earshot: files of an earlier visit are not sent.', error)
    })
  }

  stop(): void {
    this.#stopUploads()
    for (const stop of this.#stops) stop()
  }

  async loadConversations(): Promise<void> {
    try {
      const conversations = await this.#client.http.conversations()
      this.state.update((state) => withConversations(state, conversations, this.#self.userId))
    } catch (error) {
      console.warn('Earshot: the list of chats could not be loaded.', error)
      this.state.update((state) => (state.loading === 'ready' ? state : { ...state, loading: 'failed' }))
    }
  }

  /** Loads the newest page, once. */
  async open(conversationId: string): Promise<void> {
    const loading = this.state.get().history[conversationId]
    if (loading === 'loading') return this.#opening.get(conversationId)
    if (loading === 'ready') return
    this.state.update((state) => changeList(state, conversationId, (list) => list))
    const opening = this.#load(conversationId, {}, (state, page) =>
      changeList(state, conversationId, (list) => freshList(list, page)),
    )
    this.#opening.set(conversationId, opening)
    await opening
  }

  async loadOlder(conversationId: string): Promise<void> {
    const beforeSeq = viewOf(this.state.get(), conversationId)?.messages[0]?.seq
    if (beforeSeq === undefined) {
      this.#setHistory(conversationId, 'failed')
      return this.open(conversationId)
    }
    await this.#load(conversationId, { beforeSeq }, (state, page) =>
      withOlder(state, conversationId, beforeSeq, page),
    )
  }

  /** After a part that one went to; at the end messages come by themselves. */
  async loadNewer(conversationId: string): Promise<void> {
    const afterSeq = this.state.get().around[conversationId]?.messages.at(-1)?.seq
    if (afterSeq === undefined) return
    await this.#load(conversationId, { afterSeq }, (state, page) =>
      withNewer(state, conversationId, afterSeq, page),
    )
  }

  /** Brings a message into view, with what was said before and after it. To open its conversation is the caller's. */
  async show({ conversationId, _id: messageId, seq }: Message): Promise<void> {
    this.state.update((state) => ({ ...state, wanted: { conversationId, messageId } }))
    const isThere = () =>
      viewOf(this.state.get(), conversationId)?.messages.some(({ _id }) => _id === messageId)
    await this.open(conversationId)
    if (!isThere()) {
      const { http } = this.#client
      await this.#fetch(
        conversationId,
        () =>
          Promise.all([
            http.history(conversationId, { beforeSeq: seq + 1, limit: pageSize }),
            http.history(conversationId, { afterSeq: seq, limit: pageSize }),
          ]),
        (state, pages) => goTo(state, conversationId, pages),
      )
    }
    if (!isThere()) this.shown(messageId)
  }

  /** It is in view, or will not come. */
  shown(messageId: string): void {
    this.state.update((state) =>
      state.wanted?.messageId === messageId ? { ...state, wanted: undefined } : state,
    )
  }

  toNewest(conversationId: string): void {
    this.state.update((state) => goToNewest(state, conversationId))
  }

  /** Goes into the SDK's outbox, from where it shows up as outgoing at once, and as a message when it is stored. */
  send(
    conversationId: string,
    { content, voiceMessage, replyTo }: Draft,
    clientMessageId = newMessageId(),
  ): void {
    this.toNewest(conversationId)
    const address = addressOf(conversationId, this.#self.userId)
    const options = { clientMessageId, ...(replyTo !== undefined && { replyTo }) }
    let sending: Promise<unknown>
    if ('groupId' in address) {
      const body = voiceMessage
        ? { messageType: 'voice' as const, voiceMessage }
        : { messageType: 'text' as const, content }
      sending = this.#client.sendGroupMessage({ ...address, ...body, ...options })
    } else if (voiceMessage) sending = this.#client.sendVoiceMessage({ ...address, voiceMessage, ...options })
    else sending = this.#client.sendMessage({ ...address, messageType: 'text', content, ...options })
    sending.catch(() => undefined) // told by `send_refused`
  }

  /** Through the socket, or as an upload where that takes no more. Resolves when it is kept without the recorder. */
  async sendVoice(conversationId: string, voice: VoiceRecording, replyTo: string | undefined): Promise<void> {
    this.toNewest(conversationId)
    const { blob, duration, waveform } = voice
    const { dataUrl, socketVoiceBytes } = await import('./uploads.ts')
    if (blob.size > socketVoiceBytes) {
      return (await this.#uploads()).sendVoice(conversationId, voice, replyTo)
    }
    const url = await dataUrl(blob)
    const voiceMessage = { duration, mimeType: blob.type, size: blob.size, waveform, url }
    this.send(conversationId, { content: '', voiceMessage, ...(replyTo !== undefined && { replyTo }) })
  }

  sendFile(conversationId: string, file: File, replyTo: string | undefined): void {
    this.toNewest(conversationId)
    void this.#uploads().then((uploads) => uploads.sendFile(conversationId, file, replyTo))
  }

  /** Once more what was not sent. */
  async retry({ clientMessageId, conversationId, content, voiceMessage, replyTo }: Outgoing): Promise<void> {
    if (await (await this.#uploads()).retry(clientMessageId)) return
    await this.discard(clientMessageId)
    const options = { ...(voiceMessage && { voiceMessage }), ...(replyTo !== undefined && { replyTo }) }
    this.send(conversationId, { content, ...options })
  }

  /** Given up, or taken back before it was sent; what the server may have by now stays. */
  async discard(clientMessageId: string): Promise<void> {
    const item = this.state.get().outgoing.find((known) => known.clientMessageId === clientMessageId)
    const isPending = item && item.error === undefined && !item.upload
    const uploads = await this.#uploads()
    uploads.cancel(clientMessageId)
    if (isPending && !(await this.#client.cancelSend(clientMessageId))) return
    this.state.update((state) => ({
      ...state,
      outgoing: state.outgoing.filter((known) => known.clientMessageId !== clientMessageId),
    }))
  }

  /** Everything in the conversation has been seen. */
  markRead(conversationId: string): void {
    const conversation = this.state.get().conversations.find(({ _id }) => _id === conversationId)
    if (!conversation || conversation.headSeq === 0) return
    this.#client.markRead(conversationId, conversation.headSeq)
    if (conversation.unreadCount > 0) void forgetNotifications(conversationId)
    if (conversation.unreadCount === 0) return
    const { userId } = this.#self
    const mark = { userId, deliveredSeq: conversation.headSeq, readSeq: conversation.headSeq }
    this.state.update((state) => receiveMark(state, conversationId, mark, userId))
  }

  /** Where one stopped in a voice message, in seconds; 0 when that is forgotten. */
  notePosition(conversationId: string, messageId: string, seconds: number): void {
    this.#positions.set(messageId, { conversationId, seconds })
    this.state.update((state) =>
      changeEverywhere(state, conversationId, (list) => applyPosition(list, messageId, seconds)),
    )
  }

  async createGroup(name: string, members: string[]): Promise<Group> {
    const group = await this.#client.http.createGroup({ name, members })
    await this.loadConversations()
    return group
  }

  async #resumeUploads(): Promise<void> {
    let isOver = false
    this.#stopUploads = () => {
      isOver = true
    }
    const uploads = await this.#uploads()
    if (isOver) return
    this.#stopUploads = () => uploads.stop()
    await uploads.start()
  }

  #load(
    conversationId: string,
    query: HistoryQuery,
    apply: (state: ChatState, page: HistoryPage) => ChatState,
  ): Promise<void> {
    return this.#fetch(
      conversationId,
      () => this.#client.http.history(conversationId, { ...query, limit: pageSize }),
      apply,
    )
  }

  async #fetch<T>(
    conversationId: string,
    ask: () => Promise<T>,
    apply: (state: ChatState, answer: T) => ChatState,
  ): Promise<void> {
    this.#setHistory(conversationId, 'loading')
    try {
      const answer = await ask()
      this.state.update((state) => this.#withPositions(apply(state, answer), conversationId))
      this.#setHistory(conversationId, 'ready')
    } catch (error) {
      // Two people who have never written to each other have no conversation yet.
      const isNew = error instanceof CodedError && error.code === 'NOT_FOUND' && directMembers(conversationId)
      this.#setHistory(conversationId, isNew ? 'ready' : 'failed')
      this.state.update((state) => withLastKnown(state, conversationId))
    }
  }

  #withPositions(state: ChatState, conversationId: string): ChatState {
    return [...this.#positions]
      .filter(([, noted]) => noted.conversationId === conversationId)
      .reduce(
        (next, [messageId, { seconds }]) =>
          changeEverywhere(next, conversationId, (list) => applyPosition(list, messageId, seconds)),
        state,
      )
  }

  #setHistory(conversationId: string, loading: 'loading' | 'ready' | 'failed'): void {
    this.state.update((state) => ({ ...state, history: { ...state.history, [conversationId]: loading } }))
  }

  #receive(message: Message): void {
    const { conversationId, seq } = message
    this.state.update((state) => receive(state, message, this.#self.userId))
    if (message.sender._id !== this.#self.userId) this.#client.markDelivered(conversationId, seq)
    const known = this.state.get().conversations.find(({ _id }) => _id === conversationId)
    const isNamed =
      known?.name !== undefined ||
      known?.members.every(({ userId, name }) => name !== undefined || userId === this.#self.userId)
    if (!isNamed) void this.loadConversations()
  }

  /** What the outbox has, and what it gave back or never had: refused messages, files on their way. */
  #showPending(pending: readonly OutboxItem[]): void {
    const { userId } = this.#self
    const waiting = pending.map((item) => outgoingOf(item, userId))
    const ids = new Set(waiting.map(({ clientMessageId }) => clientMessageId))
    this.state.update((state) => {
      const before = state.outgoing.filter(
        ({ clientMessageId, error, upload }) =>
          ids.has(clientMessageId) ||
          error !== undefined ||
          upload !== undefined ||
          this.#isUntold(clientMessageId),
      )
      const known = new Set(before.map(({ clientMessageId }) => clientMessageId))
      const added = waiting.filter(({ clientMessageId }) => !known.has(clientMessageId))
      return { ...state, outgoing: [...before, ...added].map((item) => withoutUpload(item, ids)) }
    })
  }

  /** Acknowledged, and its message not told yet: it stays in view in between. */
  #isUntold(clientMessageId: string): boolean {
    return !Object.values(this.state.get().lists).some(({ messages }) =>
      messages.some((message) => message.clientMessageId === clientMessageId),
    )
  }

  #refuse(item: OutboxItem, error: CodedError): void {
    const refused: Outgoing = { ...outgoingOf(item, this.#self.userId), error: errorText(error) }
    this.state.update((state) => ({
      ...state,
      outgoing: [
        ...state.outgoing.filter(({ clientMessageId }) => clientMessageId !== item.clientMessageId),
        refused,
      ],
    }))
  }

  #storeVoice({ messageId, conversationId, voiceMessage }: ServerPayload<'voice_message_stored'>): void {
    this.state.update((state) =>
      changeEverywhere(state, conversationId, (list) => applyVoice(list, messageId, voiceMessage)),
    )
  }

  #showTyping({ conversationId, userId, name, isTyping, activity }: ServerPayload<'user_typing'>): void {
    if (userId === this.#self.userId) return
    this.state.update((state) => ({
      ...state,
      typing: withTyping(state.typing, conversationId, userId, isTyping ? { name, activity } : undefined),
    }))
  }

  #join(group: Group): void {
    this.state.update((state) => ({ ...state, left: state.left.filter((id) => id !== group.conversationId) }))
    void this.loadConversations()
  }

  #updateGroup({ conversationId, name, isDeleted }: ServerPayload<'group_updated'>): void {
    if (isDeleted) this.#leave(conversationId)
    if (name === undefined) return
    this.state.update((state) => ({
      ...state,
      conversations: state.conversations.map((known) =>
        known._id === conversationId ? { ...known, name } : known,
      ),
    }))
  }

  #removeMember({ conversationId, userId }: ServerPayload<'group_member_removed'>): void {
    if (userId === this.#self.userId) this.#leave(conversationId)
  }

  #leave(conversationId: string): void {
    this.state.update((state) => ({
      ...state,
      left: [...state.left, conversationId],
      conversations: state.conversations.filter(({ _id }) => _id !== conversationId),
    }))
  }

  /** What could not be loaded is tried again, and what may have been played meanwhile is looked at. */
  async #resume(): Promise<void> {
    await this.loadConversations()
    const { history } = this.state.get()
    const failed = Object.keys(history).filter((conversationId) => history[conversationId] === 'failed')
    await Promise.all(failed.map((conversationId) => this.open(conversationId)))
    for (const conversationId of unplayedConversations(this.state.get(), pageSize)) {
      try {
        const page = await this.#client.http.history(conversationId, { limit: pageSize })
        this.state.update((state) => refreshed(state, conversationId, page))
      } catch (error) {
        console.warn('Earshot: what was played meanwhile could not be looked up.', error)
      }
    }
  }
}

/** The newest page and what came after it: what was known from an earlier visit may have changed, or have holes. */
function freshList(known: MessageList, page: HistoryPage): MessageList {
  const later = known.messages.filter(({ seq }) => seq > (page.messages.at(-1)?.seq ?? 0))
  const missing = later[0] !== undefined && later[0].seq > page.headSeq + 1
  return applyMessages(emptyMessageList, missing ? page.messages : [...page.messages, ...later], page.headSeq)
}

async function forgetNotifications(conversationId: string): Promise<void> {
  const { closeNotifications } = await import('../notifications/push.ts')
  await closeNotifications(conversationId)
}

/** A file that has arrived waits as a message now. */
function withoutUpload({ upload, ...item }: Outgoing, pendingIds: ReadonlySet<string>): Outgoing {
  return upload && !pendingIds.has(item.clientMessageId) ? { ...item, upload } : item
}
