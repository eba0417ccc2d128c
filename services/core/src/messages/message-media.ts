import { buffer } from 'node:stream/consumers'
import type { FileRef, Limits } from '@earshot/protocol'
import { KeyedQueue } from '../keyed-queue.ts'
import type { BlobStore } from '../media/blob-store.ts'
import { type MediaDoc, mediaIdOf } from '../media/media-doc.ts'
import { type MediaLibrary, noSuchMedia } from '../media/media-library.ts'
import { type AcceptedVoice, acceptUploadedVoice, acceptVoice } from '../voice/intake.ts'
import type { VoiceSender } from '../voice/voice-sender.ts'
import { type MessageDraft, mediaUrl } from './message-doc.ts'
import type { Said, UploadedVoice } from './said.ts'

/** The media part of a send, before the commit: found, checked, and kept where the message will find it. */
export class MessageMedia {
  readonly #library: MediaLibrary
  readonly #voice: VoiceSender
  readonly #blobs: BlobStore
  readonly #limits: Limits
  readonly #reads = new KeyedQueue()

  constructor(deps: { library: MediaLibrary; voice: VoiceSender; blobs: BlobStore; limits: Limits }) {
    this.#library = deps.library
    this.#voice = deps.voice
    this.#blobs = deps.blobs
    this.#limits = deps.limits
  }

  /**
   * Returns the draft with what it carries, and where a voice message can be played at once: see `AcceptedVoice.url`.
   * @throws {CodedError} `NOT_FOUND` for an upload that the sender may not read, `TOO_LARGE`, `UNSUPPORTED_MEDIA`;
   * each names the field
   */
  async carry(
    userId: string,
    draft: MessageDraft,
    { file, voice }: Said,
  ): Promise<{ draft: MessageDraft; voiceUrl?: string; audio?: Buffer }> {
    if (file) {
      const field = 'file.url'
      const upload = await this.#find(userId, mediaIdOf(file.url), field)
      const { _id: messageId, conversationId } = draft
      await this.#library.attach(upload, { messageId, conversationId }, field)
      return { draft: { ...draft, file: fileRef(file.name, upload) } }
    }
    if (!voice) return { draft }
    const accepted =
      'mediaId' in voice ? await this.#acceptUpload(userId, voice) : await acceptVoice(voice, this.#limits)
    await this.#voice.keep(draft, accepted)
    const { voice: voiceMessage, url: voiceUrl, source } = accepted
    return { draft: { ...draft, voiceMessage }, voiceUrl, ...(Buffer.isBuffer(source) && { audio: source }) }
  }

  /** One at a time on a node: each is in memory while it is looked into. */
  async #acceptUpload(userId: string, { input, mediaId }: UploadedVoice): Promise<AcceptedVoice> {
    const upload = await this.#find(userId, mediaId, 'voiceMessage.url')
    const read = () => buffer(this.#blobs.read(mediaId))
    return this.#reads.run('', () => acceptUploadedVoice(input, upload, this.#limits, read))
  }

  async #find(userId: string, mediaId: string | undefined, field: string): Promise<MediaDoc> {
    const upload = mediaId === undefined ? null : await this.#library.find(userId, mediaId)
    if (!upload) throw noSuchMedia(field)
    return upload
  }
}

/** The name is the sender's; all else is that of the upload. */
function fileRef(name: string, { _id, mimeType, size, width, height }: MediaDoc): FileRef {
  return {
    url: mediaUrl(_id),
    name,
    mimeType,
    size,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  }
}
