import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { waveformOf } from './level-meter.ts'
import type { VoiceRecording } from './recording.ts'

interface DraftSchema extends DBSchema {
  recordings: { key: string; value: { seconds: number; levels: readonly number[] } }
  chunks: { key: [conversationId: string, index: number]; value: Blob }
}

/**
 * What was recorded and not sent, one for each conversation. Its pieces are kept as they come: a reload in the middle
 * of a sentence loses half a second.
 */
export class VoiceDrafts {
  readonly #name: string
  #opened: Promise<IDBPDatabase<DraftSchema>> | undefined
  /** One write after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #count = 0

  constructor(userId: string) {
    this.#name = `earshot-drafts:${userId}`
  }

  async load(conversationId: string): Promise<VoiceRecording | undefined> {
    await this.#last
    const database = await this.#database()
    const recording = await database.get('recordings', conversationId)
    const chunks = await database.getAll('chunks', rangeOf(conversationId))
    const [first] = chunks
    if (!recording || !first) return undefined
    return {
      blob: new Blob(chunks, { type: first.type }),
      duration: Math.round(recording.seconds * 10) / 10,
      waveform: waveformOf(recording.levels),
    }
  }

  /** A new recording begins: an older one is gone. */
  begin(conversationId: string): void {
    this.remove(conversationId)
  }

  add(conversationId: string, chunk: Blob, soFar: { seconds: number; levels: readonly number[] }): void {
    if (chunk.size === 0) return
    const index = this.#count++
    const recording = { seconds: soFar.seconds, levels: [...soFar.levels] }
    this.#write(async (database) => {
      const transaction = database.transaction(['recordings', 'chunks'], 'readwrite')
      await Promise.all([
        transaction.objectStore('chunks').put(chunk, [conversationId, index]),
        transaction.objectStore('recordings').put(recording, conversationId),
        transaction.done,
      ])
    })
  }

  remove(conversationId: string): void {
    this.#count = 0
    this.#write(async (database) => {
      const transaction = database.transaction(['recordings', 'chunks'], 'readwrite')
      await Promise.all([
        transaction.objectStore('chunks').delete(rangeOf(conversationId)),
        transaction.objectStore('recordings').delete(conversationId),
        transaction.done,
      ])
    })
  }

  #write(work: (database: IDBPDatabase<DraftSchema>) => Promise<void>): void {
    this.#last = this.#last
      .then(async () => work(await this.#database()))
      .catch((error: unknown) => console.warn('Earshot: a recording is not kept for a reload.', error))
  }

  #database(): Promise<IDBPDatabase<DraftSchema>> {
    this.#opened ??= openDB<DraftSchema>(this.#name, 1, {
      upgrade(database) {
        database.createObjectStore('recordings')
        database.createObjectStore('chunks')
      },
    })
    return this.#opened
  }
}

function rangeOf(conversationId: string): IDBKeyRange {
  return IDBKeyRange.bound([conversationId], [conversationId, []])
}
