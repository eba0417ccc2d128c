import { randomBytes, sha256 } from 'k6/crypto'
import { b64encode } from 'k6/encoding'

/** A recording, ready to be sent. */
export interface Clip {
  /** As the wire takes it, the audio in a `data:` URL as existing clients send it. */
  voice: { url: string; duration: number; mimeType: string; size: number }
  /** Of the audio, in hex. */
  sha256: string
}

const mimeType = 'audio/webm;codecs=opus'
/** By these bytes a server knows WebM. */
const webm = [0x1a, 0x45, 0xdf, 0xa3]
/** A second of speech at 40 kbit/s. */
const bytesPerSecond = 5_000

/** So many recordings of about this size, each another. Random behind the head: nothing plays them. */
export function makeClips(count: number, bytes: number): Clip[] {
  return Array.from({ length: count }, (_, i) => {
    const audio = new Uint8Array(randomBytes(bytes + i))
    audio.set(webm)
    const voice = {
      url: `data:${mimeType};base64,${b64encode(audio.buffer)}`,
      duration: Math.round((audio.length / bytesPerSecond) * 1_000) / 1_000,
      mimeType,
      size: audio.length,
    }
    return { voice, sha256: sha256(audio.buffer, 'hex') }
  })
}

/** What stands for a recording's content where texts are compared. */
export function voiceContent({ voice }: { voice: { duration: number; size: number } }): string {
  return `${voice.size} bytes of voice, ${voice.duration} s`
}
