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
  checkLength(content, limits)
  if (messageType === 'text') {
    if (content === '') throw new CodedError('BAD_REQUEST', 'content is empty.', { field: 'content' })
    if (file) throw new CodedError('BAD_REQUEST', 'A text message has no file.', { field: 'file' })
    return { messageType, content }
  }
  if (!file) throw new CodedError('BAD_REQUEST', 'file is missing.', { field: 'file' })
  return { messageType, content, file }
}

/**
 * @param content what existing clients may write beside a voice message to a group
 * @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE`, `UNSUPPORTED_MEDIA`
 */
export function saidAloud(input: VoiceInput, limits: Limits, content = ''): Said {
  checkLength(content, limits)
  const mediaId = input.data === undefined && input.url !== undefined ? mediaIdOf(input.url) : undefined
  const voice = mediaId === undefined ? receiveVoice(input, limits) : { input, mediaId }
  return { messageType: 'voice', content, voice }
}

/** What it holds in memory until it is stored, bytes. */
export function weightOf({ content, voice }: Said): number {
  const audio = voice && 'bytes' in voice ? voice.bytes.length + Math.ceil((voice.bytes.length * 4) / 3) : 0
  return 1_000 + 2 * content.length + audio
}

/** What tells one content from another under the same key. Known from what the sender says alone. */
export function gist({ messageType, content, file, voice }: Said): unknown[] {
  const audio = voice && ('mediaId' in voice ? voice.mediaId : voice.sha256)
  return [messageType, content, audio, ...(file ? [file.url, file.name] : [])]
}

function checkLength(content: string, { textMaxChars }: Limits): void {
  if (content.length <= textMaxChars) return
  throw new CodedError('TOO_LARGE', `A text has ${textMaxChars} characters at most.`, { field: 'content' })
}
