import type { VoiceInput } from '@earshot/protocol'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

/** A file or a long recording that is to become a message. */
export interface KeptUpload {
  clientMessageId: string
  conversationId: string
  content: Blob
  name: string
  /** Of a recording: what its message says of it. */
  voice?: Omit<VoiceInput, 'url' | 'data'>
  replyTo?: string
  createdAt: string
  /** Where the server keeps what it has of it. */
  place?: string
}

interface UploadSchema extends DBSchema {
  uploads: { key: string; value: KeptUpload }
}

/** Files on their way survive a reload and a closed page, as what waits in the outbox does. */
export class UploadStore {
  readonly #database: Promise<IDBPDatabase<UploadSchema>>

  constructor(userId: string) {
    this.#database = openDB<UploadSchema>(`earshot-uploads:${userId}`, 1, {
      upgrade(database) {
        database.createObjectStore('uploads', { keyPath: 'clientMessageId' })
      },
    })
  }

  async all(): Promise<KeptUpload[]> {
    const kept = await (await this.#database).getAll('uploads')
    return kept.sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))
  }

  async get(clientMessageId: string): Promise<KeptUpload | undefined> {
    return (await this.#database).get('uploads', clientMessageId)
  }

  async put(upload: KeptUpload): Promise<void> {
    await (await this.#database).put('uploads', upload)
  }

  async remove(clientMessageId: string): Promise<void> {
    await (await this.#database).delete('uploads', clientMessageId)
  }
}
