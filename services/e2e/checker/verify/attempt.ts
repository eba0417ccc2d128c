import { createHash } from 'node:crypto'
import { directConversationId, type ErrorCode, type SendAck } from '@earshot/protocol'
import type { Call } from '../record.ts'

/** One try to send a message. */
export interface Attempt {
  call: Call
  sender: string
  conversationId: string
  key: string | undefined
  /** Said by nobody else and never twice: a text's content, the sum of a voice message's audio. */
  words: string
  isVoice: boolean
  ack: SendAck | undefined
  /** Answered, but as if something else had been asked. */
  isMixedUp: boolean
  /** Neither this nor an ack: nobody knows what became of it. */
  refusedAs: ErrorCode | undefined
}

interface Payload {
  recipientId?: string
  groupId?: string
  content?: string
  clientMessageId?: string
  voiceMessage?: { url: string }
}

export function attemptOf(call: Call): Attempt | undefined {
  if (!['message', 'group_message', 'voice_message'].includes(call.name)) return undefined
  const { recipientId = '', groupId, content = '', clientMessageId, voiceMessage } = call.payload as Payload
  const { answer } = call
  const conversationId = groupId ?? directConversationId(call.user, recipientId)
  const ack = answer?.ok ? (answer as unknown as SendAck) : undefined
  const isMixedUp = ack !== undefined && ack.conversationId !== conversationId
  return {
    call,
    sender: call.user,
    conversationId,
    key: clientMessageId,
    words: voiceMessage ? sumOf(voiceMessage.url) : content,
    isVoice: voiceMessage !== undefined,
    ack: isMixedUp ? undefined : ack,
    isMixedUp,
    refusedAs: answer && !answer.ok ? answer.error.code : undefined,
  }
}

/** The sum of the bytes in a `data:` URL. */
export function sumOf(dataUrl: string): string {
  const bytes = Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64')
  return createHash('sha256').update(bytes).digest('hex')
}
