import { randomBytes, sha256 } from 'k6/crypto'
import { b64encode } from 'k6/encoding'

/** A recording, ready to be sent. */
export interface Clip {
  /** As the wire takes it, the audio in a `data:` URL as existing clients send it. */
  voice: { url: string; duration: number; mimeType: string; size: number }
  /** Of the audio, in hex. */
  sha256: string
}

const mimeType = 'audio/wav'
const headBytes = 44
/** Samples a second, of 16 bits: what a telephone has. */
const sampleRate = 8_000

/** So many recordings of about this size, each another: noise, but real audio. */
export function makeClips(count: number, bytes: number): Clip[] {
  return Array.from({ length: count }, (_, i) => {
    const samples = Math.floor((bytes - headBytes) / 2) + i
    const audio = new Uint8Array(headBytes + samples * 2)
    audio.set(wavHead(samples * 2))
    audio.set(new Uint8Array(randomBytes(samples * 2)), headBytes)
    const voice = {
      url: `data:${mimeType};base64,${b64encode(audio.buffer)}`,
      duration: Math.round((samples / sampleRate) * 1_000) / 1_000,
      mimeType,
      size: audio.length,
    }
    return { voice, sha256: sha256(audio.buffer, 'hex') }
  })
}

/** http://soundfile.sapp.org/doc/WaveFormat/, one channel of PCM. */
function wavHead(dataBytes: number): Uint8Array {
  const head = new Uint8Array(headBytes)
  const view = new DataView(head.buffer)
  const text = (at: number, letters: string) => {
    for (let i = 0; i < letters.length; i++) head[at + i] = letters.charCodeAt(i)
  }
  text(0, 'RIFF')
  view.setUint32(4, headBytes - 8 + dataBytes, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, dataBytes, true)
  return head
}

/** What stands for a recording's content where texts are compared. */
export function voiceContent({ voice }: { voice: { duration: number; size: number } }): string {
  return `${voice.size} bytes of voice, ${voice.duration} s`
}
