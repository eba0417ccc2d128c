/**
 * Conversation ids are derived, never looked up: a group's conversation has the group's id, a one-to-one
 * conversation's id is made of its two members, in one order whoever asks.
 */
const directPrefix = 'dm:'
/** Longest id of a user, in UTF-16 code units. */
export const userIdMaxChars = 128
/** Longest id of a one-to-one conversation: each code unit may take three bytes, each byte three characters. */
export const directIdMaxChars = directPrefix.length + 2 * userIdMaxChars * 9 + 1

/** The id of the conversation between two users, who may be the same one. */
export function directConversationId(userA: string, userB: string): string {
  const a = encodeURIComponent(userA)
  const b = encodeURIComponent(userB)
  return a < b ? `${directPrefix}${a}:${b}` : `${directPrefix}${b}:${a}`
}

/** The two members that a one-to-one conversation's id names, or `undefined` for any other id. */
export function directMembers(conversationId: string): [string, string] | undefined {
  if (!conversationId.startsWith(directPrefix)) return undefined
  const parts = conversationId.slice(directPrefix.length).split(':')
  if (parts.length !== 2 || !parts[0] || !parts[1]) return undefined
  try {
    const members: [string, string] = [decodeURIComponent(parts[0]), decodeURIComponent(parts[1])]
    return directConversationId(...members) === conversationId ? members : undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}
