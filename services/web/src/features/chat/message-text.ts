import type { Message } from '@earshot/protocol'
import { durationText } from '../voice/duration-text.ts'

/** One line that stands for a message, e.g. in the list of chats. */
export function summaryText(
  message: Pick<Message, 'messageType' | 'content' | 'voiceMessage' | 'file' | 'deletedAt'>,
): string {
  if (message.deletedAt !== undefined) return 'Message deleted'
  if (message.messageType === 'voice')
    return `Voice message, ${durationText(message.voiceMessage?.duration ?? 0)}`
  if (message.messageType === 'file') return message.file?.name ?? 'File'
  return message.content
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' })
const nearDay = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** For the line between two days: "today", "yesterday", or the date. */
export function dayText(time: string, now = new Date()): string {
  const date = new Date(time)
  const days = Math.round((midnight(date) - midnight(now)) / 86_400_000)
  return days >= -1 && days <= 0 ? nearDay.format(days, 'day') : day.format(date)
}

export function isSameDay(one: string, other: string): boolean {
  return midnight(new Date(one)) === midnight(new Date(other))
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function sizeText(bytes: number): string {
  const step = Math.min(sizes.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const format = {
    style: 'unit',
    unit: sizes[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: 1,
  } as const
  return new Intl.NumberFormat(undefined, format).format(bytes / 1_000 ** step)
}

const sameDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const otherDay = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export function timeText(time: string): string {
  const date = new Date(time)
  return (date.toDateString() === new Date().toDateString() ? sameDay : otherDay).format(date)
}
