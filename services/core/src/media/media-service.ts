import { Readable } from 'node:stream'
import type { FileRef, MediaRecord } from '@earshot/protocol'
import type { ConversationAccess } from '../conversations/access.ts'
import type { InlineMedia } from '../legacy/inline-media.ts'
import { type MessageDoc, mediaUrl, messageOfPlayback } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import { settled } from '../settled.ts'
import type { StagedAudio, VoiceStaging } from '../voice/staging.ts'
import { voiceFileName } from '../voice/voice-file-name.ts'
import type { BlobStore, ByteRange, DirectAnswer } from './blob-store.ts'
import { toMediaRecord } from './media-doc.ts'
import { type MediaLibrary, noSuchMedia } from './media-library.ts'

export interface Media {
  _id: string
  mimeType: string
  size: number
  sha256: string
  name?: string
  createdAt: Date
  read: (range?: ByteRange) => Readable
  /** Where a client can load it without passing through us; `undefined`: nowhere. */
  urlOf: (answer: DirectAnswer) => Promise<string | undefined>
}

type Bytes = Pick<Media, 'read' | 'urlOf'>

/** Media by id, for those who may read it: uploads, and the audio of voice messages, which has the message's id. */
export class MediaService {
  readonly #library: MediaLibrary
  readonly #messages: MessageStore
  readonly #access: ConversationAccess
  readonly #staging: VoiceStaging
  readonly #blobs: BlobStore
  readonly #inline: InlineMedia

  constructor(deps: {
    library: MediaLibrary
    messages: MessageStore
    access: ConversationAccess
    staging: VoiceStaging
    blobs: BlobStore
    inline: InlineMedia
  }) {
    this.#library = deps.library
    this.#messages = deps.messages
    this.#access = deps.access
    this.#staging = deps.staging
    this.#blobs = deps.blobs
    this.#inline = deps.inline
  }

  /** @throws {CodedError} `NOT_FOUND` */
  async open(userId: string, mediaId: string): Promise<Media> {
    const upload = await this.#library.find(userId, mediaId)
    if (upload) return { ...upload, ...this.#stored(mediaId) }
    const messageId = messageOfPlayback(mediaId)
    return messageId === undefined
      ? this.#openCarried(userId, mediaId)
      : this.#openPlayback(userId, messageId, mediaId)
  }

  /** What an upload is, without its bytes. @throws {CodedError} `NOT_FOUND` */
  async record(userId: string, mediaId: string): Promise<MediaRecord> {
    const upload = await this.#library.find(userId, mediaId)
    if (!upload) throw noSuchMedia()
    return toMediaRecord(upload)
  }

  /** The form of a message's audio that every browser plays. */
  async #openPlayback(userId: string, messageId: string, mediaId: string): Promise<Media> {
    const doc = await this.#readable(userId, messageId)
    const playback = doc.voiceMessage?.playback
    if (!playback) throw noSuchMedia()
    const { createdAt } = doc
    const name = voiceFileName(createdAt, playback.mimeType)
    return { _id: mediaId, ...playback, name, createdAt, ...this.#stored(mediaId) }
  }

  /** What has the id of the message that carries it. */
  async #openCarried(userId: string, messageId: string): Promise<Media> {
    const doc = await this.#readable(userId, messageId)
    const inline = await this.#inline.read(doc)
    if (inline) {
      const { bytes, ...facts } = inline
      const { createdAt } = doc
      return { _id: messageId, ...named(doc), ...facts, size: bytes.length, createdAt, ...inMemory(bytes) }
    }
    if (doc.file?.url === mediaUrl(messageId)) return this.#openMovedFile(doc, doc.file)
    const voice = doc.voiceMessage
    // Audio that was uploaded has an id of its own.
    if (!voice || voice.mediaId !== undefined) throw noSuchMedia()
    const { mimeType, size, sha256, place } = voice
    const bytes = await this.#voiceSource({ messageId, sha256 }, place === 'staged')
    return { _id: messageId, ...named(doc), mimeType, size, sha256, createdAt: doc.createdAt, ...bytes }
  }

  /** A file of the existing system that was in its document once. What an id names never changes: it is its hash. */
  async #openMovedFile({ _id, createdAt }: MessageDoc, { mimeType, name }: FileRef): Promise<Media> {
    const info = await this.#blobs.info(_id)
    if (!info) throw noSuchMedia()
    return { _id, mimeType, size: info.size, sha256: _id, name, createdAt, ...this.#stored(_id) }
  }

  async #readable(userId: string, messageId: string): Promise<MessageDoc> {
    const doc = await this.#messages.byId(messageId)
    if (!doc || !(await this.#access.mayRead(userId, doc.conversationId))) throw noSuchMedia()
    return doc
  }

  async #voiceSource(audio: StagedAudio, isStaged: boolean): Promise<Bytes> {
    const { messageId } = audio
    const staged = isStaged ? await settled(this.#staging.read(audio)) : { value: null }
    if ('value' in staged && staged.value) return inMemory(staged.value)
    // Not staged any more: the worker has stored it.
    if (await this.#blobs.info(messageId)) return this.#stored(messageId)
    // What is stored is there without Redis, too.
    throw 'error' in staged ? staged.error : noSuchMedia()
  }

  #stored(key: string): Bytes {
    return {
      read: (range) => this.#blobs.read(key, range),
      urlOf: (answer) => this.#blobs.urlOf(key, answer),
    }
  }
}

/** Audio has no name of its own. */
function named({ createdAt, voiceMessage }: MessageDoc): { name?: string } {
  return voiceMessage ? { name: voiceFileName(createdAt, voiceMessage.mimeType) } : {}
}

function inMemory(bytes: Buffer): Bytes {
  return { read: (range) => Readable.from([part(bytes, range)]), urlOf: async () => undefined }
}

function part(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range ? bytes.subarray(range.start, range.end + 1) : bytes
}
