import { CodedError, type FileRef, type Limits, type SendMessage, type VoiceInput } from '@earshot/protocol'
import { mediaIdOf } from '../media/media-doc.ts'
import { type ReceivedVoice, receiveVoice } from '../voice/intake.ts'

/** A voice message whose audio was uploaded before. */
export interface UploadedVoice {
  input: VoiceInput
  mediaId: string
}

/** What a message says, checked as far as that goes without asking anybody. */
export interface Said {
  messageType: 'text' | 'file' | 'voice'
  content: string
  /** In the sender's words: only its `url` and `name` are used. */
  file?: FileRef
  voice?: ReceivedVoice | UploadedVoice
}

/** @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE` */
export function saidInWriting(
  messageType: 'text' | 'file',
  { content = '', file }: Pick<SendMessage, 'content' | 'file'>,
  limits: Limits,
): Said {
  if (content.length > limits.textMaxChars) {
    const message = `A text has ${limits.textMaxChars} characters at most.`
    throw new CodedError('TOO_LARGE', message, { field: 'content' })
  }
  if (messageType === 'text') {
    if (content === '') throw new CodedError('BAD_REQUEST', 'content is empty.', { field: 'content' })
    if (file) throw new CodedError('BAD_REQUEST', 'A text message has no file.', { field: 'file' })
    return { messageType, content }
  }
  if (!file) throw new CodedError('BAD_REQUEST', 'file is missing.', { field: 'file' })
  return { messageType, content, file }
}

/** @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE`, `UNSUPPORTED_MEDIA` */
export function saidAloud(input: VoiceInput, limits: Limits): Said {
  const mediaId = input.data === undefined && input.url !== undefined ? mediaIdOf(input.url) : undefined
  const voice = mediaId === undefined ? receiveVoice(input, limits) : { input, mediaId }
  return { messageType: 'voice', content: '', voice }
}

/** What tells one content from another under the same key. Known from what the sender says alone. */
export function gist({ messageType, content, file, voice }: Said): unknown[] {
  const audio = voice && ('mediaId' in voice ? voice.mediaId : voice.sha256)
  return [messageType, content, audio, ...(file ? [file.url, file.name] : [])]
}
