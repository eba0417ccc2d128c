import type { MessageList } from '@earshot/client'
import type { Message } from '@earshot/protocol'
import type { Track } from './voice-playback.ts'

/** `undefined` for what is no voice message, or no more. */
export function trackOf(message: Message, selfId: string): Track | undefined {
  const { voiceMessage, deletedAt, sender } = message
  if (!voiceMessage || deletedAt !== undefined) return undefined
  return {
    messageId: message._id,
    conversationId: message.conversationId,
    seq: message.seq,
    url: voiceMessage.url,
    duration: voiceMessage.duration,
    position: voiceMessage.position ?? 0,
    senderName: sender._id === selfId ? 'You' : sender.name,
    own: sender._id === selfId,
  }
}

/** The next voice message of the conversation, whoever said it. */
export function trackAfter({ seq }: Track, list: MessageList | undefined, selfId: string): Track | undefined {
  if (seq === 0) return undefined // not sent yet
  for (const message of list?.messages ?? []) {
    const track = message.seq > seq ? trackOf(message, selfId) : undefined
    if (track) return track
  }
  return undefined
}
