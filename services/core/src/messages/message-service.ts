import {
  CodedError,
  type Limits,
  type SendAck,
  type SendGroupMessage,
  type SendMessage,
  type SendVoiceMessage,
} from '@earshot/protocol'
import type { ConversationAccess, Target } from '../conversations/access.ts'
import type { ConversationHeads } from '../conversations/conversation-heads.ts'
import type { Fanout } from '../fanout.ts'
import { type AcceptedVoice, acceptVoice } from '../voice/intake.ts'
import type { VoiceSender } from '../voice/voice-sender.ts'
import type { Committer } from './committer.ts'
import {
  fingerprint,
  type MessageDoc,
  type MessageDraft,
  messageId,
  toMessage,
  voiceOutput,
} from './message-doc.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Who sends, from where. Taken from the token and the socket, never from the payload. */
export interface Sender {
  userId: string
  name: string
  socketId?: string
  correlationId: string
}

type SendOptions = Pick<SendMessage, 'clientMessageId' | 'replyTo' | 'senderId' | 'senderName'>

/** Sending: who may → the message made → kept → committed → told → acknowledged. */
export class MessageService {
  readonly #access: ConversationAccess
  readonly #committer: Committer
  readonly #heads: ConversationHeads
  readonly #voice: VoiceSender
  readonly #fanout: Fanout
  readonly #rate: RateLimiter
  readonly #limits: Limits

  constructor(deps: {
    access: ConversationAccess
    committer: Committer
    heads: ConversationHeads
    voice: VoiceSender
    fanout: Fanout
    rate: RateLimiter
    limits: Limits
  }) {
    this.#access = deps.access
    this.#committer = deps.committer
    this.#heads = deps.heads
    this.#voice = deps.voice
    this.#fanout = deps.fanout
    this.#rate = deps.rate
    this.#limits = deps.limits
  }

  async sendDirect(sender: Sender, payload: SendMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const body = this.#body(payload.messageType ?? 'text', payload)
    const target = await this.#access.directTarget(sender.userId, payload.recipientId)
    return this.#send(sender, target, this.#draft(sender, target, body, payload))
  }

  async sendVoice(sender: Sender, payload: SendVoiceMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const accepted = acceptVoice(payload.voiceMessage, this.#limits)
    const target = await this.#access.directTarget(sender.userId, payload.recipientId)
    return this.#sendVoice(sender, target, accepted, payload)
  }

  async sendToGroup(sender: Sender, payload: SendGroupMessage): Promise<SendAck> {
    this.#admit(sender, payload)
    const { messageType, voiceMessage } = payload
    if (messageType === 'voice') {
      if (!voiceMessage)
        throw new CodedError('BAD_REQUEST', 'voiceMessage is missing.', { field: 'voiceMessage' })
      const accepted = acceptVoice(voiceMessage, this.#limits)
      const target = await this.#access.groupTarget(sender.userId, payload.groupId)
      return this.#sendVoice(sender, target, accepted, payload)
    }
    if (voiceMessage) {
      throw new CodedError('BAD_REQUEST', `A ${messageType} message has no voiceMessage.`, {
        field: 'voiceMessage',
      })
    }
    const body = this.#body(messageType, payload)
    const target = await this.#access.groupTarget(sender.userId, payload.groupId)
    return this.#send(sender, target, this.#draft(sender, target, body, payload))
  }

  #admit(sender: Sender, payload: SendOptions): void {
    if (payload.senderId !== undefined && payload.senderId !== sender.userId) {
      throw new CodedError('FORBIDDEN', 'senderId is not you.', { field: 'senderId' })
    }
    this.#rate.take(sender.userId)
  }

  #body(
    messageType: 'text' | 'file',
    { content = '', file }: Pick<SendMessage, 'content' | 'file'>,
  ): Pick<MessageDraft, 'messageType' | 'content' | 'file'> {
    if (content.length > this.#limits.textMaxChars) {
      const message = `A text has ${this.#limits.textMaxChars} characters at most.`
      throw new CodedError('TOO_LARGE', message, { field: 'content' })
    }
    if (messageType === 'text') {
      if (content === '') throw new CodedError('BAD_REQUEST', 'content is empty.', { field: 'content' })
      if (file) throw new CodedError('BAD_REQUEST', 'A text message has no file.', { field: 'file' })
      return { messageType, content }
    }
    if (!file) throw new CodedError('BAD_REQUEST', 'file is missing.', { field: 'file' })
    // Uploads are where a file's URL comes from, and this node takes none yet.
    throw new CodedError('NOT_FOUND', 'There is no such media.', { field: 'file.url' })
  }

  #draft(
    sender: Sender,
    target: Target,
    body: Pick<MessageDraft, 'messageType' | 'content' | 'voiceMessage'>,
    { clientMessageId, replyTo }: SendOptions,
  ): MessageDraft {
    return {
      _id: messageId(sender.userId, clientMessageId),
      conversationId: target.conversationId,
      sender: { _id: sender.userId, name: sender.name },
      ...(target.kind === 'direct' ? { recipientId: target.recipientId } : { groupId: target.groupId }),
      ...body,
      ...(replyTo !== undefined && { replyTo }),
      ...(clientMessageId !== undefined && { clientMessageId }),
      fingerprint: fingerprint([
        target.conversationId,
        body.messageType,
        body.content,
        body.voiceMessage?.sha256,
        replyTo,
      ]),
    }
  }

  async #sendVoice(
    sender: Sender,
    target: Target,
    accepted: AcceptedVoice,
    options: SendOptions,
  ): Promise<SendAck> {
    const body = { messageType: 'voice' as const, content: '', voiceMessage: accepted.voice }
    const draft = this.#draft(sender, target, body, options)
    await this.#voice.keep(draft._id, accepted)
    return this.#send(sender, target, draft, accepted.dataUrl)
  }

  async #send(sender: Sender, target: Target, draft: MessageDraft, voiceUrl?: string): Promise<SendAck> {
    const { doc } = await this.#committer.commit(draft)
    await this.#voice.committed(doc, sender.correlationId)
    this.#heads.note(doc)
    // A duplicate is told again: a crash may have come between its commit and its telling.
    this.#deliver(sender, target, doc, voiceUrl)
    return {
      _id: doc._id,
      conversationId: doc.conversationId,
      seq: doc.seq,
      createdAt: doc.createdAt.toISOString(),
      status: 'sent',
    }
  }

  #deliver(sender: Sender, target: Target, doc: MessageDoc, voiceUrl: string | undefined): void {
    const message = toMessage(doc)
    if (doc.voiceMessage && voiceUrl) message.voiceMessage = voiceOutput(doc._id, doc.voiceMessage, voiceUrl)
    const isVoice = doc.messageType === 'voice'
    if (target.kind === 'group') {
      this.#fanout.toGroup(target.groupId, isVoice ? 'new_group_voice_message' : 'new_group_message', message)
      return
    }
    const event = isVoice ? 'new_voice_message' : 'new_message'
    if (target.recipientId !== sender.userId) this.#fanout.toUser(target.recipientId, event, message)
    this.#fanout.toUser(sender.userId, event, message, { exceptSocketId: sender.socketId })
  }
}
