import type { Message } from '@earshot/protocol'
import { durationText } from '../voice/duration-text.ts'

/** One line that stands for a message, e.g. in the list of chats. */
export function summaryText(
  message: Pick<Message, 'messageType' | 'content' | 'voiceMessage' | 'file'>,
): string {
  if (message.messageType === 'voice')
    return `Voice message, ${durationText(message.voiceMessage?.duration ?? 0)}`
  if (message.messageType === 'file') return message.file?.name ?? 'File'
  return message.content
}

const sameDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const otherDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export function timeText(time: string): string {
  const date = new Date(time)
  return (date.toDateString() === new Date().toDateString() ? sameDay : otherDay).format(date)
}
