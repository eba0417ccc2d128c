import type { Fields, Kind } from '../write-behind/kind.ts'

/** How far a user has got in a conversation, and which voice messages there they have played. */
export interface MarkNote {
  conversationId: string
  userId: string
  deliveredSeq: number
  readSeq: number
  playedSeqs: number[]
}

/** A place in the marks; conversation and user are told apart whatever they contain. */
export function noteId({ conversationId, userId }: Pick<MarkNote, 'conversationId' | 'userId'>): string {
  return JSON.stringify([conversationId, userId])
}

function partsOf(id: string): [conversationId: string, userId: string] {
  return JSON.parse(id) as [string, string]
}

export const markKind: Kind<MarkNote> = {
  name: 'marks',
  idOf: noteId,
  placeOf: (id) => partsOf(id)[0],
  // Always asked for by id.
  ownersOf: () => [],
  encode({ deliveredSeq, readSeq, playedSeqs }) {
    const fields: Fields = new Map()
    if (deliveredSeq > 0) fields.set('delivered', { rank: deliveredSeq })
    if (readSeq > 0) fields.set('read', { rank: readSeq })
    for (const seq of playedSeqs) fields.set(`played${seq}`, { rank: seq })
    return fields
  },
  decode(id, fields) {
    const [conversationId, userId] = partsOf(id)
    const played = [...fields].filter(([name]) => name.startsWith('played'))
    return {
      conversationId,
      userId,
      deliveredSeq: fields.get('delivered')?.rank ?? 0,
      readSeq: fields.get('read')?.rank ?? 0,
      playedSeqs: played.map(([, { rank }]) => rank),
    }
  },
}
