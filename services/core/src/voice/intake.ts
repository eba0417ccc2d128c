import { createHash } from 'node:crypto'
import { CodedError, type Limits, type VoiceInput } from '@earshot/protocol'
import type { MediaDoc } from '../media/media-doc.ts'
import { audioType, sniffAudio } from '../media/sniff.ts'
import { mediaUrl, type VoiceDoc } from '../messages/message-doc.ts'

/** Audio that was checked, and what the message says of it. */
export interface AcceptedVoice {
  voice: VoiceDoc
  /** Playable at once: what recipients hear before the worker has stored the audio. */
  url: string
  /** The bytes that came with the message, or the upload that it names. */
  source: Buffer | MediaDoc
}

/**
 * Takes the audio out of a voice message and checks it. Type and size are those of the bytes, whatever the sender
 * says.
 * @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export function acceptVoice(input: VoiceInput, limits: Limits): AcceptedVoice {
  checkDuration(input, limits)
  const { bytes, field } = audioBytes(input)
  checkSize(bytes.length, Math.min(limits.voiceMaxSocketBytes, limits.voiceMaxBytes), field)
  const container = sniffAudio(bytes)
  if (!container) throw noAudio(field)
  const mimeType = audioType(input.mimeType, container)
  const voice: VoiceDoc = {
    duration: input.duration,
    mimeType,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(input.waveform && { waveform: input.waveform }),
    place: 'staged',
  }
  const url = input.url ?? `data:${mimeType};base64,${bytes.toString('base64')}`
  return { voice, url, source: bytes }
}

/**
 * The same for an upload that the sender may use: it is stored already.
 * @throws {CodedError} `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export function acceptUploadedVoice(input: VoiceInput, upload: MediaDoc, limits: Limits): AcceptedVoice {
  const field = 'voiceMessage.url'
  checkDuration(input, limits)
  checkSize(upload.size, limits.voiceMaxBytes, field)
  if (upload.audioType === undefined) throw noAudio(field)
  const voice: VoiceDoc = {
    duration: input.duration,
    mimeType: audioType(input.mimeType, upload.audioType),
    size: upload.size,
    sha256: upload.sha256,
    ...(input.waveform && { waveform: input.waveform }),
    place: 'stored',
    mediaId: upload._id,
  }
  return { voice, url: mediaUrl(upload._id), source: upload }
}

function checkDuration({ duration }: VoiceInput, { voiceMaxSeconds }: Limits): void {
  if (duration <= voiceMaxSeconds) return
  const field = 'voiceMessage.duration'
  throw new CodedError('TOO_LARGE', `A voice message lasts ${voiceMaxSeconds} s at most.`, { field })
}

function checkSize(bytes: number, max: number, field: string): void {
  if (bytes <= max) return
  throw new CodedError('TOO_LARGE', `A voice message sent this way has ${max} bytes at most.`, { field })
}

function noAudio(field: string): CodedError {
  return new CodedError('UNSUPPORTED_MEDIA', 'This is not WebM, Ogg, MP4, MP3 or WAV audio.', { field })
}

function audioBytes(input: VoiceInput): { bytes: Buffer; field: string } {
  if (input.data !== undefined) {
    const field = 'voiceMessage.data'
    if (!(input.data instanceof Uint8Array))
      throw new CodedError('BAD_REQUEST', 'data must be bytes.', { field })
    const { buffer, byteOffset, byteLength } = input.data
    return { bytes: Buffer.from(buffer, byteOffset, byteLength), field }
  }
  const field = 'voiceMessage.url'
  if (input.url === undefined) throw new CodedError('BAD_REQUEST', 'url or data is missing.', { field })
  if (!input.url.startsWith('data:')) {
    // The server fetches nothing that a client names.
    throw new CodedError('BAD_REQUEST', 'url must be a data: URL, or /media/<id> of an upload.', { field })
  }
  const comma = input.url.indexOf(',')
  const header = input.url.slice(0, comma)
  if (comma < 0 || !/^data:[^,]{0,200};base64$/i.test(header)) {
    throw new CodedError('BAD_REQUEST', 'url must be a data: URL in base64.', { field })
  }
  const base64 = input.url.slice(comma + 1)
  const bytes = Buffer.from(base64, 'base64')
  // Node's decoder skips what is not base64; the length then tells.
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  if (base64.length % 4 !== 0 || bytes.length !== (base64.length / 4) * 3 - padding) {
    throw new CodedError('BAD_REQUEST', 'url is not valid base64.', { field })
  }
  return { bytes, field }
}
