import { directMembers } from '@earshot/protocol'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { Fields, Kind } from '../write-behind/kind.ts'
import type { Head } from './head.ts'

const wrotePrefix = 'wrote='

/** The head of a conversation: of two last messages the later one, and of each writer too. */
export const headKind: Kind<Head> = {
  name: 'heads',
  idOf: ({ message }) => message.conversationId,
  placeOf: (id) => id,
  // Groups are found by their ids.
  ownersOf: (id) => [...new Set(directMembers(id))],
  encode({ message, wrote }) {
    const fields: Fields = new Map([['last', { rank: message.seq, payload: JSON.stringify(message) }]])
    for (const [key, seq] of wrote) fields.set(wrotePrefix + key, { rank: seq })
    return fields
  },
  decode(_id, fields) {
    const message = fromJson(fields.get('last')?.payload)
    const wrote = [...fields]
      .filter(([name]) => name.startsWith(wrotePrefix))
      .map(([name, { rank }]) => [name.slice(wrotePrefix.length), rank] as const)
    return message && { message, wrote: new Map(wrote) }
  },
}

type DateField = {
  [K in keyof MessageDoc]-?: Date extends MessageDoc[K] ? K : never
}[keyof MessageDoc]

/** A date that is missing here does not compile. */
const dateFields: Record<DateField, true> = {
  createdAt: true,
  adoptedAt: true,
  editedAt: true,
  deletedAt: true,
}

function fromJson(json: string | undefined): MessageDoc | undefined {
  if (json === undefined) return undefined
  const message = JSON.parse(json) as MessageDoc
  for (const name of Object.keys(dateFields) as DateField[]) {
    const value = message[name]
    if (value !== undefined) message[name] = new Date(value)
  }
  return message
}
