import { Readable } from 'node:stream'
import { CodedError } from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { VoiceStaging } from '../voice/staging.ts'
import type { BlobStore, ByteRange } from './blob-store.ts'

export interface Media {
  mimeType: string
  size: number
  sha256: string
  createdAt: Date
  read: (range?: ByteRange) => Readable
}

/** Media by id, for those who may read the message that carries it. */
export class MediaService {
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #staging: VoiceStaging
  readonly #blobs: BlobStore

  constructor(deps: {
    messages: MessageStore
    access: ConversationAccess
    staging: VoiceStaging
    blobs: BlobStore
  }) {
    this.#messages = deps.messages
    this.#access = deps.access
    this.#staging = deps.staging
    this.#blobs = deps.blobs
  }

  /** A voice message's audio has the message's id. @throws {CodedError} `NOT_FOUND` */
  async open(userId: string, mediaId: string): Promise<Media> {
    const doc = await this.#messages.byId(mediaId)
    const voice = doc?.voiceMessage
    if (!doc || !voice || !(await this.#access.mayRead(userId, doc.conversationId))) throw notFound()
    const read = await this.#source(mediaId, voice.place === 'staged')
    const { mimeType, size, sha256 } = voice
    return { mimeType, size, sha256, createdAt: doc.createdAt, read }
  }

  async #source(mediaId: string, isStaged: boolean): Promise<Media['read']> {
    const staged = isStaged ? await this.#staging.read(mediaId) : null
    if (staged) {
      return (range) => Readable.from([range ? staged.subarray(range.start, range.end + 1) : staged])
    }
    // Not staged any more: the worker stored it since the message was read.
    if (!(await this.#blobs.info(mediaId))) throw notFound()
    return (range) => this.#blobs.read(mediaId, range)
  }
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such media.')
}
