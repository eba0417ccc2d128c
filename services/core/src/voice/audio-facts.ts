import { type IFormat, parseBuffer } from 'music-metadata'
import { webmFacts } from './webm-facts.ts'

export type AudioCodec = 'opus' | 'vorbis' | 'aac' | 'mp3' | 'pcm'

/** What recordings are made by. What else fits into these containers, few players know. */
const codecs: [name: AudioCodec, said: RegExp][] = [
  ['opus', /opus/i],
  ['vorbis', /vorbis/i],
  ['aac', /aac|mp4a/i],
  ['mp3', /layer 3|mpeg\/l3|^mp3$/i],
  ['pcm', /pcm|a-law|µ-law|mu-law/i],
]

/** What the container says of the audio in it. */
export interface AudioFacts {
  codec: AudioCodec
  /** Seconds. Absent: it does not say, or only by being read from end to end. */
  duration?: number
  /** Whether a player finds the length without reading to the end. */
  saysDuration: boolean
}

/** MP3 without a header of its length is counted frame by frame: up to so much that takes a few milliseconds. */
const countedMp3Bytes = 512 * 1024

/**
 * Codec and length of audio, by its container; about a millisecond for a short message. `undefined` when there is no
 * voice in it: it cannot be read, has nothing that browsers play, or has pictures.
 * @param container as `sniffAudio` tells it
 */
export async function audioFacts(bytes: Uint8Array, container: string): Promise<AudioFacts | undefined> {
  return container === 'audio/webm' ? ofWebm(bytes) : ofOthers(bytes, container)
}

/** Read here, since libraries either fail at what browsers record or never come back from what is damaged. */
function ofWebm(bytes: Uint8Array): AudioFacts | undefined {
  const { codecs, hasVideo, said, counted } = webmFacts(bytes)
  return factsOf(codecs, hasVideo, isLength(said) ? said : counted, isLength(said))
}

async function ofOthers(bytes: Uint8Array, container: string): Promise<AudioFacts | undefined> {
  const format = await parse(bytes, container)
  if (!format) return undefined
  const { codec, trackInfo, hasVideo, duration } = format
  const said = [codec, ...(trackInfo ?? []).map(({ codecName }) => codecName)].filter(
    (name) => name !== undefined,
  )
  // Of MP4 in pieces, as browsers record it, the header knows nothing of the pieces.
  const isWhole =
    container !== 'audio/mp4' || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('moof')
  return factsOf(said, hasVideo === true, isWhole ? duration : undefined, isWhole && isLength(duration))
}

function factsOf(
  said: string[],
  hasVideo: boolean,
  duration: number | undefined,
  saysDuration: boolean,
): AudioFacts | undefined {
  const codec = codecs.find(([, pattern]) => said.some((name) => pattern.test(name)))?.[0]
  if (codec === undefined || hasVideo) return undefined
  return { codec, saysDuration, ...(isLength(duration) && { duration }) }
}

async function parse(bytes: Uint8Array, container: string): Promise<IFormat | undefined> {
  try {
    const options = {
      duration: container !== 'audio/mpeg' || bytes.length <= countedMp3Bytes,
      skipCovers: true,
      skipPostHeaders: true,
    }
    return (await parseBuffer(bytes, { mimeType: container, size: bytes.length }, options)).format
  } catch (error) {
    // The library has an error for each way of being broken.
    if (error instanceof Error) return undefined
    throw error
  }
}

function isLength(seconds: number | undefined): seconds is number {
  return seconds !== undefined && Number.isFinite(seconds) && seconds > 0
}
