import type { MessageList } from '@earshot/client'
import type { Conversation, Message } from '@earshot/protocol'
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb'

export interface Known {
  conversations: readonly Conversation[]
  lists: Readonly<Record<string, MessageList>>
}

interface CacheSchema extends DBSchema {
  known: { key: 'conversations'; value: readonly Conversation[] }
  lists: { key: string; value: MessageList }
}

const mostConversations = 200
const mostMessages = 60
const mostLists = 40
/** Sound that is not stored yet comes inside its message; a long one is not worth its room. */
const mostInlineChars = 200_000

/** The last known conversations of one user, for the next start and for a start without a network. */
export class ConversationCache {
  readonly #database: Promise<IDBPDatabase<CacheSchema>>

  constructor(userId: string) {
    this.#database = openDB<CacheSchema>(nameOf(userId), 1, {
      upgrade(database) {
        database.createObjectStore('known')
        database.createObjectStore('lists')
      },
    })
  }

  async load(): Promise<Known> {
    const database = await this.#database
    const conversations = (await database.get('known', 'conversations')) ?? []
    const [keys, lists] = await Promise.all([database.getAllKeys('lists'), database.getAll('lists')])
    return {
      conversations,
      lists: Object.fromEntries(keys.map((key, index) => [key, lists[index] as MessageList])),
    }
  }

  /** Writes what differs from `before`, the state that was saved last. */
  async save(known: Known, before: Known | undefined): Promise<void> {
    const database = await this.#database
    const transaction = database.transaction(['known', 'lists'], 'readwrite')
    const lists = transaction.objectStore('lists')
    if (known.conversations !== before?.conversations) {
      const newest = known.conversations.slice(0, mostConversations).map(withShortMessage)
      void transaction.objectStore('known').put(newest, 'conversations')
      const kept = new Set(newest.slice(0, mostLists).map(({ _id }) => _id))
      for (const id of await lists.getAllKeys()) if (!kept.has(id)) void lists.delete(id)
    }
    for (const [id, list] of Object.entries(known.lists)) {
      if (list !== before?.lists[id] && list.messages.length > 0) void lists.put(newestOf(list), id)
    }
    await transaction.done
  }

  async close(): Promise<void> {
    ;(await this.#database).close()
  }
}

/** What one user could read stays in no browser that they have logged out of. */
export async function forgetConversations(userId: string): Promise<void> {
  await deleteDB(nameOf(userId))
}

function nameOf(userId: string): string {
  return `earshot-known:${userId}`
}

function newestOf({ messages, headSeq }: MessageList): MessageList {
  return { messages: messages.slice(-mostMessages).filter(isShort), headSeq }
}

function withShortMessage(conversation: Conversation): Conversation {
  const { lastMessage } = conversation
  return lastMessage && !isShort(lastMessage) ? { ...conversation, lastMessage: null } : conversation
}

function isShort({ voiceMessage }: Message): boolean {
  return (voiceMessage?.url.length ?? 0) <= mostInlineChars
}
