import type { Notification } from '@earshot/protocol'
import type { MessageDoc } from '../messages/message-doc.ts'

/** How much of a message a notification says. `none`: only where there is one. */
export type ContentLevel = 'none' | 'sender' | 'full'

const contentMaxChars = 200

export function notificationOf(doc: MessageDoc, level: ContentLevel): Notification {
  const {
    conversationId,
    groupId,
    _id: messageId,
    seq,
    sender,
    messageType,
    content,
    voiceMessage,
    file,
  } = doc
  const text = content !== '' ? content : (file?.name ?? '')
  return {
    type: 'message',
    conversationId,
    ...(groupId !== undefined && { groupId }),
    messageId,
    seq,
    ...(level !== 'none' && { sender: { _id: sender._id, name: sender.name }, messageType }),
    ...(level === 'full' && {
      ...(text !== '' && {
        content: [...text.slice(0, 2 * contentMaxChars)].slice(0, contentMaxChars).join(''),
      }),
      ...(voiceMessage && { duration: voiceMessage.duration }),
    }),
  }
}
