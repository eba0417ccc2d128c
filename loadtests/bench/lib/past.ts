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

  /** So many messages in the conversation, numbered from 1. */
  async say(conversationId: string, many: number): Promise<void> {
    let next = 1
    const worker = async () => {
      while (next <= many) {
        const first = next
        next += perCommand
        const size = Math.min(perCommand, many - first + 1)
        await this.messages.insertMany(
          Array.from({ length: size }, (_, i) => ({
            ...this.#sample,
            _id: randomUUID(),
            conversationId,
            seq: first + i,
          })),
          { ordered: false },
        )
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  /** So that whoever plans a query knows how much there is: a server does so by itself, later. */
  async analyse(): Promise<void> {
    await this.#client.db().command({ compact: 'messages', force: true })
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
