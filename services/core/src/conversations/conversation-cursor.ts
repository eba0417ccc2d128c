import { CodedError } from '@earshot/protocol'

/** A place in a list of conversations, newest first: after the conversation of this time and id. */
export interface ConversationCursor {
  updatedAt: Date
  /** Absent: after all of this time. */
  id?: string
}

const isoTime = /^\d{4}-\d\d-\d\dT[0-9:.]{8,12}Z$/

/** Opaque to clients. */
export function encodeCursor({ updatedAt, id }: Required<ConversationCursor>): string {
  return Buffer.from(JSON.stringify([updatedAt.getTime(), id])).toString('base64url')
}

/**
 * A time alone, as earlier versions answered, is taken too.
 * @throws {CodedError} `BAD_REQUEST` for anything else
 */
export function decodeCursor(cursor: string): ConversationCursor {
  const found = isoTime.test(cursor) ? { updatedAt: new Date(cursor) } : fromJson(cursor)
  if (found && !Number.isNaN(found.updatedAt.getTime())) return found
  throw new CodedError('BAD_REQUEST', 'before is no `next` of an earlier page.', { field: 'before' })
}

function fromJson(cursor: string): ConversationCursor | undefined {
  try {
    const [updatedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (typeof updatedAt !== 'number' || typeof id !== 'string') return undefined
    return { updatedAt: new Date(updatedAt), id }
  } catch (error) {
    // What is no JSON, and what is no list.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
