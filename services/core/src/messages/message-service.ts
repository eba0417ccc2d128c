import {
  CodedError,
  directConversationId,
  type Limits,
  type SendAck,
  type SendGroupMessage,
  type SendMessage,
  type SendVoiceMessage,
} from '@earshot/protocol'
import type { ConversationAccess, Target } from '../conversations/access.ts'
import type { Fanout } from '../fanout.ts'
import { KeyedQueue } from '../keyed-queue.ts'
import { settled } from '../settled.ts'
import type { VoiceSender } from '../voice/voice-sender.ts'
import type { Backlog } from './backlog.ts'
import { type Committer, keyConflict } from './committer.ts'
import {
  fingerprint,
  type MessageDoc,
  type MessageDraft,
  messageId,
  toMessage,
  voiceOutput,
} from './message-doc.ts'
import type { MessageMedia } from './message-media.ts'
import type { MessageStore } from './message-store.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { gist, type Said, saidAloud, saidInWriting, weightOf } from './said.ts'

/** Who sends, from where. Taken from the token and the socket, never from the payload. */
export interface Sender {
  userId: string
  name: string
  socketId?: string
  correlationId: string
}

/** What is in MongoDB, and to be told. */
interface Sent {
  doc: MessageDoc
  /** Where a voice message can be played at once; it ends with `audio`, where there is any. */
  voiceUrl: string | undefined
  /** What came with the message. */
  audio: Buffer | undefined
  /** `Committed.noted`; `undefined` for what was sent long ago. */
  noted: Promise<void> | undefined
}

type SendOptions = Pick<SendMessage, 'clientMessageId' | 'replyTo' | 'senderId' | 'senderName'>

/** Sending: who may → the message made → kept → committed → told → acknowledged. */
export class MessageService {
  readonly #access: ConversationAccess
  readonly #store: MessageStore
  readonly #committer: Committer
  readonly #media: MessageMedia
  readonly #voice: VoiceSender
  readonly #fanout: Fanout
  readonly #rate: RateLimiter
  readonly #backlog: Backlog
  readonly #limits: Limits
  readonly #inOrder = new KeyedQueue()

  constructor(deps: {
    access: ConversationAccess
    store: MessageStore
    committer: Committer
    media: MessageMedia
    voice: VoiceSender
    fanout: Fanout
    rate: RateLimiter
    backlog: Backlog
    limits: Limits
  }) {
    this.#access = deps.access
    this.#store = deps.store
    this.#committer = deps.committer
    this.#media = deps.media
    this.#voice = deps.voice
    this.#fanout = deps.fanout
    this.#rate = deps.rate
    this.#backlog = deps.backlog
    this.#limits = deps.limits
  }

  async sendDirect(sender: Sender, payload: SendMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const said = saidInWriting(payload.messageType ?? 'text', payload, this.#limits)
    return this.#sendDirect(sender, payload, said)
  }

  async sendVoice(sender: Sender, payload: SendVoiceMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const said = saidAloud(payload.voiceMessage, this.#limits)
    return this.#sendDirect(sender, payload, said)
  }

  async sendToGroup(sender: Sender, payload: SendGroupMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const said = this.#saidToGroup(payload)
    const { groupId } = payload
    const target: Target = { kind: 'group', conversationId: groupId, groupId }
    return this.#send(sender, target, () => this.#access.groupTarget(sender.userId, groupId), said, payload)
  }

  #sendDirect(sender: Sender, payload: SendMessage | SendVoiceMessage, said: Said): Promise<SendAck> {
    const { recipientId } = payload
    const conversationId = directConversationId(sender.userId, recipientId)
    const target: Target = { kind: 'direct', conversationId, recipientId }
    return this.#send(
      sender,
      target,
      () => this.#access.directTarget(sender.userId, recipientId),
      said,
      payload,
    )
  }

  #saidToGroup(payload: SendGroupMessage): Said {
    const { messageType, voiceMessage, file } = payload
    const field = 'voiceMessage'
    if (messageType === 'voice') {
      if (!voiceMessage) throw new CodedError('BAD_REQUEST', 'voiceMessage is missing.', { field })
      const said = saidAloud(voiceMessage, this.#limits, payload.content)
      if (file) throw new CodedError('BAD_REQUEST', 'A voice message has no file.', { field: 'file' })
      return said
    }
    if (voiceMessage)
      throw new CodedError('BAD_REQUEST', `A ${messageType} message has no voiceMessage.`, { field })
    return saidInWriting(messageType, payload, this.#limits)
  }

  #admit(sender: Sender, payload: SendOptions): void {
    if (payload.senderId !== undefined && payload.senderId !== sender.userId) {
      throw new CodedError('FORBIDDEN', 'senderId is not you.', { field: 'senderId' })
    }
    const { clientMessageIdMaxChars: most } = this.#limits
    if (payload.clientMessageId !== undefined && [...payload.clientMessageId].length > most) {
      const field = 'clientMessageId'
      throw new CodedError('TOO_LARGE', `A clientMessageId has ${most} characters at most.`, { field })
    }
    this.#rate.take(sender.userId)
  }

  /** @param may rejects when the sender may not write there */
  async #send(
    sender: Sender,
    target: Target,
    may: () => Promise<unknown>,
    said: Said,
    options: SendOptions,
  ): Promise<SendAck> {
    const done = this.#backlog.take(weightOf(said))
    try {
      return await this.#carryOut(sender, target, may, said, options)
    } finally {
      done()
    }
  }

  async #carryOut(
    sender: Sender,
    target: Target,
    may: () => Promise<unknown>,
    said: Said,
    options: SendOptions,
  ): Promise<SendAck> {
    const draft = this.#draft(sender, target, said, options)
    const { doc, voiceUrl, audio, noted } = await this.#commit(sender, draft, may, said)
    const isRecorded = audio !== undefined
    // Asked meanwhile; it never rejects.
    const hearers = isRecorded ? this.#hearersElsewhere(sender, target) : undefined
    await this.#voice.committed(doc, isRecorded, sender.correlationId)
    // A duplicate is told again: a crash may have come between its commit and its telling.
    this.#deliver(sender, target, doc, { voiceUrl, audio, noted, hearers: hearers && (await hearers) })
    await noted
    await this.#fanout.told()
    return {
      _id: doc._id,
      conversationId: doc.conversationId,
      seq: doc.seq,
      createdAt: doc.createdAt.toISOString(),
      status: 'sent',
    }
  }

  /**
   * What comes before the commit is done in the order in which the sender said things: one message may need a look-up
   * where the next finds its answer in a cache, and must not be overtaken. The commit itself is not waited for.
   */
  async #commit(sender: Sender, bare: MessageDraft, may: () => Promise<unknown>, said: Said): Promise<Sent> {
    const { voiceUrl, audio, committed } = await this.#inOrder.run(sender.userId, async () => {
      try {
        await may()
        await this.#mustBeHere(bare)
        const carried = await this.#media.carry(sender.userId, bare, said)
        const committed = settled(this.#committer.commit(carried.draft))
        return { ...carried, committed }
      } catch (error) {
        return { voiceUrl: undefined, audio: undefined, committed: Promise.resolve({ error }) }
      }
    })
    const outcome = await committed
    if ('value' in outcome) return { doc: outcome.value.doc, voiceUrl, audio, noted: outcome.value.noted }
    const before = await this.#saidBefore(bare, outcome.error)
    if (!before) throw outcome.error
    return { doc: before, voiceUrl, audio, noted: undefined }
  }

  /** @throws {CodedError} `NOT_FOUND` for an answer to what is not in this conversation, wherever else it may be */
  async #mustBeHere({ replyTo, conversationId }: MessageDraft): Promise<void> {
    if (replyTo === undefined) return
    const doc = await this.#store.byId(replyTo)
    if (doc?.conversationId === conversationId && !doc.isVoid) return
    throw new CodedError('NOT_FOUND', 'There is no such message in this conversation.', { field: 'replyTo' })
  }

  /** The message without its media. */
  #draft(
    sender: Sender,
    target: Target,
    said: Said,
    { clientMessageId, replyTo }: SendOptions,
  ): MessageDraft {
    return {
      _id: messageId(sender.userId, clientMessageId),
      conversationId: target.conversationId,
      sender: { _id: sender.userId, name: sender.name },
      ...(target.kind === 'direct' ? { recipientId: target.recipientId } : { groupId: target.groupId }),
      messageType: said.messageType,
      content: said.content,
      ...(replyTo !== undefined && { replyTo }),
      ...(clientMessageId !== undefined && { clientMessageId }),
      fingerprint: fingerprint([target.conversationId, ...gist(said), replyTo]),
    }
  }

  /** Sent again after its media went, or when one may not write there any more, a message has the answer that it had. */
  async #saidBefore(draft: MessageDraft, error: unknown): Promise<MessageDoc | null> {
    const mayBeNews = error instanceof CodedError && ['NOT_FOUND', 'FORBIDDEN'].includes(error.code)
    if (!mayBeNews || draft.clientMessageId === undefined) return null
    const doc = await this.#store.byId(draft._id)
    if (doc && doc.fingerprint !== draft.fingerprint) throw keyConflict()
    return doc
  }

  /** Who of the two has devices on other nodes: audio is long, and mostly one of them has not. */
  async #hearersElsewhere({ userId }: Sender, target: Target): Promise<Set<string> | undefined> {
    if (target.kind === 'group') return undefined
    const users = [userId, target.recipientId]
    const are = await Promise.all(users.map((one) => this.#fanout.hearsElsewhere(one)))
    return new Set(users.filter((_, i) => are[i]))
  }

  /**
   * Other nodes are told at once, and hear of it after Redis has noted it; here it is told when Redis has answered.
   * @param hearers who has devices on other nodes; `undefined`: perhaps everybody
   */
  #deliver(
    sender: Sender,
    target: Target,
    doc: MessageDoc,
    { voiceUrl, audio, noted: hereAfter, hearers }: Omit<Sent, 'doc'> & { hearers: Set<string> | undefined },
  ): void {
    const message = toMessage(doc)
    if (doc.voiceMessage && voiceUrl) message.voiceMessage = voiceOutput(doc._id, doc.voiceMessage, voiceUrl)
    // Sent again, it may have a form that plays everywhere by now.
    const endOfUrl = message.voiceMessage?.url === voiceUrl ? audio : undefined
    const isVoice = doc.messageType === 'voice'
    if (target.kind === 'group') {
      const event = isVoice ? 'new_group_voice_message' : 'new_group_message'
      this.#fanout.toGroup(target.groupId, event, message, { hereAfter, audio: endOfUrl })
      return
    }
    const event = isVoice ? 'new_voice_message' : 'new_message'
    const tell = (userId: string, exceptSocketId?: string) => {
      const isHereOnly = hearers && !hearers.has(userId)
      this.#fanout.toUser(userId, event, message, { exceptSocketId, isHereOnly, hereAfter, audio: endOfUrl })
    }
    if (target.recipientId !== sender.userId) tell(target.recipientId)
    tell(sender.userId, sender.socketId)
  }
}
