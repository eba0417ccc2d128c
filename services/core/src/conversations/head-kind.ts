import { directMembers } from '@earshot/protocol'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { Fields, Kind } from '../write-behind/kind.ts'

/** What is known of the end of a conversation. */
export interface Head {
  conversationId: string
  /** A message of this number is being written, or was. */
  owedSeq: number
  /** The last message that certainly was. */
  message?: MessageDoc
}

export const headKind: Kind<Head> = {
  name: 'heads',
  idOf: ({ conversationId }) => conversationId,
  placeOf: (id) => id,
  // Groups are found by their ids.
  ownersOf: (id) => [...new Set(directMembers(id))],
  encode({ owedSeq, message }) {
    const fields: Fields = new Map()
    if (owedSeq > 0) fields.set('owed', { rank: owedSeq })
    if (message) fields.set('last', { rank: message.seq, payload: JSON.stringify(message) })
    return fields
  },
  decode(conversationId, fields) {
    const last = fields.get('last')?.payload
    return {
      conversationId,
      owedSeq: fields.get('owed')?.rank ?? 0,
      ...(last !== undefined && { message: fromJson(last) }),
    }
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

function fromJson(json: string): MessageDoc {
  const message = JSON.parse(json) as MessageDoc
  for (const name of Object.keys(dateFields) as DateField[]) {
    const value = message[name]
    if (value !== undefined) message[name] = new Date(value)
  }
  return message
}
