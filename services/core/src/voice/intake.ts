import { createHash } from 'node:crypto'
import { CodedError, type Limits, type VoiceInput } from '@earshot/protocol'
import { sniffAudio } from '../media/sniff.ts'
import type { VoiceDoc } from '../messages/message-doc.ts'

/** Audio that was checked, and what the message says of it. */
export interface AcceptedVoice {
  bytes: Buffer
  voice: VoiceDoc
  /** Playable at once: what recipients hear before the worker has stored the audio. */
  dataUrl: string
}

/**
 * Takes the audio out of a voice message and checks it. Type and size are those of the bytes, whatever the sender
 * says.
 * @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export function acceptVoice(input: VoiceInput, limits: Limits): AcceptedVoice {
  if (input.duration > limits.voiceMaxSeconds) {
    throw new CodedError('TOO_LARGE', `A voice message lasts ${limits.voiceMaxSeconds} s at most.`, {
      field: 'voiceMessage.duration',
    })
  }
  const { bytes, field } = audioBytes(input)
  const max = Math.min(limits.voiceMaxSocketBytes, limits.voiceMaxBytes)
  if (bytes.length > max) {
    throw new CodedError('TOO_LARGE', `A voice message sent by socket has ${max} bytes at most.`, { field })
  }
  const container = sniffAudio(bytes)
  if (!container) {
    throw new CodedError('UNSUPPORTED_MEDIA', 'This is not WebM, Ogg, MP4, MP3 or WAV audio.', { field })
  }
  const mimeType = input.mimeType.toLowerCase().startsWith(container) ? input.mimeType : container
  const voice: VoiceDoc = {
    duration: input.duration,
    mimeType,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    ...(input.waveform && { waveform: input.waveform }),
    place: 'staged',
  }
  const dataUrl = input.url ?? `data:${mimeType};base64,${bytes.toString('base64')}`
  return { bytes, voice, dataUrl }
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
    throw new CodedError('BAD_REQUEST', 'url must be a data: URL.', { field })
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
