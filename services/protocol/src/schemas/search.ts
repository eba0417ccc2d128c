import Type from 'typebox'
import { ConversationId, closed, count, plainText } from './common.ts'
import { Message } from './messages.ts'

export const MessageSearch = Type.Object(
  {
    q: plainText({ minLength: 2, maxLength: 100, description: 'Words to be found, as they stand.' }),
    conversationId: Type.Optional(ConversationId),
    limit: Type.Optional(count({ minimum: 1, maximum: 100 })),
  },
  closed,
)
export type MessageSearch = Type.Static<typeof MessageSearch>

export const SearchResult = Type.Object({
  messages: Type.Array(Message),
  scope: Type.Union([Type.Literal('all'), Type.Literal('newest')], {
    description: '`newest`: the server has no text index, only the 50 newest conversations were looked at.',
  }),
})
export type SearchResult = Type.Static<typeof SearchResult>
