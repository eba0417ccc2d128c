import { hash } from 'node:crypto'
import { CodedError, type Limits, type VoiceInput } from '@earshot/protocol'
import type { MediaDoc } from '../media/media-doc.ts'
import { audioType, sniffAudio } from '../media/sniff.ts'
import { mediaUrl, type VoiceDoc } from '../messages/message-doc.ts'
import { type AudioBytes, audioBytes } from './audio-bytes.ts'
import { type AudioCodec, audioFacts } from './audio-facts.ts'
import { isAbout, truthfulDuration } from './duration.ts'
import { boundedWaveform } from './waveform.ts'

/** What a sender says of audio. */
type Description = Omit<VoiceInput, 'url' | 'data'>

/** Audio that came with a message, of a size and a container that are accepted. It was not looked into yet. */
export interface ReceivedVoice extends AudioBytes {
  input: Description
  container: string
  sha256: string
}

/** Audio that was checked, and what the message says of it. */
export interface AcceptedVoice {
  voice: VoiceDoc
  /**
   * Playable at once: what recipients hear before the worker has stored the audio. Of bytes that came with the message it is the
   * beginning of a `data:` URL, which the bytes in base64 end.
   */
  url: string
  /** The bytes that came with the message, or the upload that it names. */
  source: Buffer | MediaDoc
}

/**
 * Takes the audio out of a voice message.
 * @param input is left without it: text as long as that, held until the message is acknowledged, is moved and looked at by V8's
 * collector more than once
 * @throws {CodedError} `BAD_REQUEST`, `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export function receiveVoice(input: VoiceInput, limits: Limits): ReceivedVoice {
  checkDuration(input.duration, limits)
  const audio = audioBytes(input)
  checkSize(audio.bytes.length, Math.min(limits.voiceMaxSocketBytes, limits.voiceMaxBytes), audio.field)
  const container = sniffAudio(audio.bytes)
  if (!container) throw noVoice(audio.field)
  delete input.url
  delete input.data
  return { ...audio, input, container, sha256: hash('sha256', audio.bytes, 'hex') }
}

/**
 * Looks into received audio. Type, size and length are those of the audio, whatever the sender says.
 * @throws {CodedError} `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export async function acceptVoice(received: ReceivedVoice, limits: Limits): Promise<AcceptedVoice> {
  const { input, bytes, container, sha256, field } = received
  const { said, codec } = await checked(input, bytes, container, field, limits)
  // What a sender writes before the comma may be the type of a page.
  const url = `data:${truthfulType(received.type ?? said.mimeType, container, codec)};base64,`
  return { voice: { ...said, size: bytes.length, sha256, place: 'staged' }, url, source: bytes }
}

/**
 * The same for an upload that the sender may use: it is stored already.
 * @param read gives its bytes; not called for one that is too large
 * @throws {CodedError} `TOO_LARGE`, `UNSUPPORTED_MEDIA`, naming the field
 */
export async function acceptUploadedVoice(
  input: VoiceInput,
  upload: MediaDoc,
  limits: Limits,
  read: () => Promise<Buffer>,
): Promise<AcceptedVoice> {
  const field = 'voiceMessage.url'
  checkDuration(input.duration, limits)
  checkSize(upload.size, limits.voiceMaxBytes, field)
  const { audioType: container, size, sha256, _id: mediaId } = upload
  if (container === undefined) throw noVoice(field)
  const { said } = await checked(input, await read(), container, field, limits)
  return {
    voice: { ...said, size, sha256, place: 'stored', mediaId },
    url: mediaUrl(mediaId),
    source: upload,
  }
}

/** What a message says of audio, after a look into it. */
async function checked(
  { mimeType, duration, waveform }: Description,
  bytes: Buffer,
  container: string,
  field: string,
  limits: Limits,
): Promise<{ said: Pick<VoiceDoc, 'duration' | 'mimeType' | 'waveform'>; codec: AudioCodec }> {
  const facts = await audioFacts(bytes, container)
  if (!facts) throw noVoice(field)
  const measured = facts.duration ?? duration
  if (!isAbout(limits.voiceMaxSeconds, measured)) checkDuration(measured, limits)
  const said = {
    duration: truthfulDuration(duration, facts.duration),
    mimeType: truthfulType(mimeType, container, facts.codec),
    ...(waveform && waveform.length > 0 && { waveform: boundedWaveform(waveform) }),
  }
  return { said, codec: facts.codec }
}

/** How RFC 6381 and browsers call the codecs. */
const names: Record<AudioCodec, RegExp> = {
  opus: /opus/i,
  vorbis: /vorbis/i,
  aac: /mp4a/i,
  mp3: /mp3|mp4a/i,
  pcm: /pcm|"?1\b/i,
}

/** The sender's type where it only says more of the same container, and that rightly. */
function truthfulType(declared: string, container: string, codec: AudioCodec): string {
  const type = audioType(declared, container)
  const [, said] = /codecs=(.*)$/i.exec(type) ?? []
  return said === undefined || names[codec].test(said) ? type : container
}

function checkDuration(seconds: number, { voiceMaxSeconds }: Limits): void {
  if (seconds <= voiceMaxSeconds) return
  const field = 'voiceMessage.duration'
  throw new CodedError('TOO_LARGE', `A voice message lasts ${voiceMaxSeconds} s at most.`, { field })
}

function checkSize(bytes: number, max: number, field: string): void {
  if (bytes <= max) return
  throw new CodedError('TOO_LARGE', `A voice message sent this way has ${max} bytes at most.`, { field })
}

function noVoice(field: string): CodedError {
  const message = 'This is no WebM, Ogg, MP4, MP3 or WAV audio that can be played.'
  return new CodedError('UNSUPPORTED_MEDIA', message, { field })
}
