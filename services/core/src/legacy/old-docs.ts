import { ObjectId } from 'mongodb'

/**
 * Documents as the existing system wrote them. Nobody promises their shape, so every field is looked at before it is
 * believed.
 */
export interface OldMessage {
  _id: ObjectId
  sender?: unknown
  recipientId?: unknown
  groupId?: unknown
  chat?: unknown
  content?: unknown
  createdAt?: unknown
  timestamp?: unknown
  voiceMessage?: unknown
  file?: unknown
  fileUrl?: unknown
  fileName?: unknown
  fileType?: unknown
  fileSize?: unknown
}

export interface OldChat {
  _id: ObjectId
  isGroupChat?: unknown
  users?: unknown
  chatName?: unknown
  groupAdmin?: unknown
}

export type Fields = Record<string, unknown>

export function fieldsOf(value: unknown): Fields | undefined {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isPlain && !(value instanceof ObjectId) && !(value instanceof Date) ? (value as Fields) : undefined
}

/** An id in its wire form: given as such, as an ObjectId, or inside of what it names. */
export function idOf(value: unknown): string | undefined {
  if (value instanceof ObjectId) return value.toHexString()
  if (typeof value === 'string') {
    const isHex = /^[0-9a-fA-F]{24}$/.test(value)
    return value === '' || value.length > 128 ? undefined : isHex ? value.toLowerCase() : value
  }
  const fields = fieldsOf(value)
  return fields && idOf(fields._id ?? fields.userId ?? fields.user)
}

export function idsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return [...new Set(value.flatMap((item) => idOf(item) ?? []))]
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A number that is not negative. */
export function amountOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined
}

function dateOf(value: unknown): Date | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && !(value instanceof Date)) return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** When it was written: as it says, else as its ObjectId knows, to the second. */
export function writtenAt(message: Pick<OldMessage, '_id' | 'createdAt' | 'timestamp'>): Date {
  return dateOf(message.createdAt) ?? dateOf(message.timestamp) ?? message._id.getTimestamp()
}

const freshMs = 60_000

/** Whether it is so new that those concerned may be looking: the existing system is still writing. */
export function isFresh(at: Date | ObjectId | string | undefined): boolean {
  const date = at instanceof ObjectId ? at.getTimestamp() : at
  return date instanceof Date && Date.now() - date.getTime() < freshMs
}
