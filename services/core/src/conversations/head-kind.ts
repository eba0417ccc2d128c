import { directMembers } from '@earshot/protocol'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { Kind } from '../write-behind/kind.ts'

/** The last message of a conversation: of two the later one. */
export const headKind: Kind<MessageDoc> = {
  name: 'heads',
  idOf: ({ conversationId }) => conversationId,
  placeOf: (id) => id,
  // Groups are found by their ids.
  ownersOf: (id) => [...new Set(directMembers(id))],
  encode: (message) => new Map([['last', { rank: message.seq, payload: JSON.stringify(message) }]]),
  decode: (_id, fields) => fromJson(fields.get('last')?.payload),
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
