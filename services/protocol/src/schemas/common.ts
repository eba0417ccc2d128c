import Type from 'typebox'

/** Payload objects are closed: a field that nobody reads is a mistake the sender should hear of. */
export const closed = { additionalProperties: false } as const

export const Id = Type.String({ minLength: 1, maxLength: 256, description: 'An opaque id.' })
export const UserId = Type.String({ minLength: 1, maxLength: 128, description: "A user's id." })
export const UserName = Type.String({ maxLength: 256, description: "A user's name as shown to people." })
export const Timestamp = Type.String({ maxLength: 40, description: 'ISO 8601, UTC.' })
/** Sent by existing clients in many forms; the server's own clock decides. */
export const ClientTimestamp = Type.Union([Timestamp, Type.Number()], {
  description: "The sender's own clock. Accepted, not used.",
})
export const Seq = Type.Integer({ minimum: 0, description: 'Position in a conversation, from 1.' })
export const ClientMessageId = Type.String({
  minLength: 1,
  maxLength: 128,
  description: 'Idempotency key chosen by the sender; the same key makes one message.',
})
export const Empty = Type.Object({}, closed)
