import { CodedError } from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import type { Carrier, MediaDoc } from './media-doc.ts'
import type { MediaStore } from './media-store.ts'

/** More carriers than this make a record too large; one who needs more uploads again. */
const maxCarriers = 1_000

/** Uploads as people use them: to read, and to send. */
export class MediaLibrary {
  readonly #store: MediaStore
  readonly #access: ConversationAccess

  constructor(deps: { store: MediaStore; access: ConversationAccess }) {
    this.#store = deps.store
    this.#access = deps.access
  }

  /** The upload, for its owner and for those who may read a conversation that carries it; else `null`. */
  async find(userId: string, mediaId: string): Promise<MediaDoc | null> {
    const doc = await this.#store.byId(mediaId)
    if (!doc || doc.ownerId === userId) return doc
    for (const conversationId of new Set(doc.carriers.map((carrier) => carrier.conversationId))) {
      if (await this.#access.mayRead(userId, conversationId)) return doc
    }
    return null
  }

  /**
   * Lets a message carry an upload that its sender found. Before the message is committed: one that then fails leaves
   * an attachment, which the orphan collector takes back; a message is never without its media.
   * @param field of the message, for the error
   * @throws {CodedError} `NOT_FOUND` when it went meanwhile; `CONFLICT` when too many carry it
   */
  async attach(doc: MediaDoc, carrier: Carrier, field: string): Promise<void> {
    if (doc.carriers.length >= maxCarriers) {
      const message = `${maxCarriers} messages carry this already: upload it again.`
      throw new CodedError('CONFLICT', message, { field })
    }
    if (!(await this.#store.attach(doc._id, carrier))) throw noSuchMedia(field)
  }
}

export function noSuchMedia(field?: string): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such media.', { field })
}
