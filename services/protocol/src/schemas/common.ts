import Type from 'typebox'
import { directIdMaxChars, userIdMaxChars } from '../ids.ts'
import type { Limits } from '../limits.ts'

/** Payload objects are closed: a field that nobody reads is a mistake the sender should hear of. */
export const closed = { additionalProperties: false } as const

/**
 * Marks a field that the operator's limit of this name bounds: over it the answer is `TOO_LARGE`. What the schema itself
 * says is a ceiling for the validator, above what operators set.
 */
export const upTo = (limit: keyof Limits) => ({ 'x-limit': limit })

/** Whole characters, no half of a surrogate pair, and no NUL: what every store keeps and every client can show. */
const wholeCharacters = '[^\\u0000\\p{Cs}]'

/** A string that people or programs made up. Length is in code points. */
export const plainText = (options: { maxLength: number } & Record<string, unknown>) =>
  Type.String({ pattern: `^${wholeCharacters}*$`, ...options })

export const Id = plainText({ minLength: 1, maxLength: 256, description: 'An opaque id.' })
export const UserId = plainText({ minLength: 1, maxLength: userIdMaxChars, description: "A user's id." })
export const ConversationId = plainText({
  minLength: 1,
  maxLength: directIdMaxChars,
  description: "A group's id, or the one made of a pair's.",
})
/** As a key of an object: nothing that a database or JavaScript would take for more than a name. */
export const ConversationKey = Type.String({
  pattern: `^(?!\\$|(?:__proto__|constructor|prototype)$)${wholeCharacters}{1,${directIdMaxChars}}$`,
})
export const UserName = plainText({ maxLength: 256, description: "A user's name as shown to people." })
export const Timestamp = plainText({ maxLength: 40, description: 'ISO 8601, UTC.' })
/** What a `Date` can hold, in milliseconds. */
const dateMaxMs = 8.64e15
/** Sent by existing clients in many forms; the server's own clock decides. */
export const ClientTimestamp = Type.Union(
  [Timestamp, Type.Number({ minimum: -dateMaxMs, maximum: dateMaxMs })],
  {
    description: "The sender's own clock. Accepted, not used.",
  },
)
/** A whole number that every side can tell from the next one. */
export const count = (options: { minimum: number } & Record<string, unknown>) =>
  Type.Integer({ maximum: Number.MAX_SAFE_INTEGER, ...options })
export const Seq = count({ minimum: 0, description: 'Position in a conversation, from 1.' })
export const ClientMessageId = plainText({
  minLength: 1,
  maxLength: 1_000,
  ...upTo('clientMessageIdMaxChars'),
  description: 'Idempotency key chosen by the sender; the same key makes one message.',
})
export const Empty = Type.Object({}, closed)
