import { randomUUID } from 'node:crypto'
import { type Document, MongoClient } from 'mongodb'

interface Said {
  _id: string
  conversationId: string
  seq: number
}

const perCommand = 1_000
/** Commands under way at once: the database and who asks it work at the same time. */
const atOnce = 2

/** Messages of long ago, as the cluster stores them, put into MongoDB beside it: copies of one that it has stored. */
export class Past {
  readonly #client: MongoClient
  readonly #sample: Document

  private constructor(client: MongoClient, sample: Document) {
    this.#client = client
    this.#sample = sample
  }

  /** @param messageId of the message to copy */
  static async open(mongoUrl: string, messageId: string): Promise<Past> {
    const client = new MongoClient(mongoUrl)
    const sample = await client.db().collection<Said>('messages').findOne({ _id: messageId })
    if (!sample) throw new Error('the message is not stored')
    return new Past(client, sample)
  }

  get messages() {
    return this.#client.db().collection<Said>('messages')
  }

  /** So many messages in each of the conversations, numbered from 1. */
  async say(conversations: Iterable<[conversationId: string, messages: number]>): Promise<void> {
    const waiting = commands(conversations)
    const worker = async () => {
      for (const { conversationId, first, size } of waiting) {
        const numbers = Array.from({ length: size }, (_, i) => first + i)
        await this.messages.insertMany(
          numbers.map((seq) => ({ ...this.#sample, _id: randomUUID(), conversationId, seq })),
          { ordered: false },
        )
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  /** So that whoever plans a query knows how much there is: PostgreSQL does so by itself, a minute later; MongoDB needs it not. */
  async analyse(): Promise<void> {
    await this.#client.db().command({ compact: 'messages' })
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

function* commands(conversations: Iterable<[string, number]>) {
  for (const [conversationId, messages] of conversations) {
    for (let first = 1; first <= messages; first += perCommand) {
      yield { conversationId, first, size: Math.min(perCommand, messages - first + 1) }
    }
  }
}
