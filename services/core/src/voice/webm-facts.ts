import { EbmlElements, float, leadingLength, unsigned } from './ebml.ts'

/** Element ids of RFC 9559 (Matroska), of which WebM is a part. */
const segment = 0x18538067
const info = 0x1549a966
const timestampScale = 0x2ad7b1
const saidDuration = 0x4489
const tracks = 0x1654ae6b
const trackEntry = 0xae
const trackType = 0x83
const codecId = 0x86
const cluster = 0x1f43b675
const timestamp = 0xe7
const simpleBlock = 0xa3
const blockGroup = 0xa0
const block = 0xa1

const entered = new Set([segment, info, tracks, trackEntry, cluster, blockGroup])
const video = 1

/** A quarter of an hour has 45,000 blocks of 20 ms. What has many more elements than that is no recording. */
const maxElements = 250_000
const longestBlockNs = 200_000_000

export interface WebmFacts {
  codecs: string[]
  hasVideo: boolean
  /** Seconds, as the file says it. */
  said?: number
  /** Seconds, by the times of its blocks: browsers cannot go back to note a length at the start of a recording. */
  counted?: number
}

/** What a WebM says of itself, as far as it can be read. */
export function webmFacts(bytes: Uint8Array): WebmFacts {
  const facts: WebmFacts = { codecs: [], hasVideo: false }
  const times = new BlockTimes()
  let scale = 1_000_000
  let duration: number | undefined
  const elements = new EbmlElements(bytes, entered)
  for (let left = maxElements; left > 0 && elements.next(); left--) {
    const { id, start, end } = elements
    if (id === simpleBlock || id === block) times.add(bytes, start, end)
    else if (id === codecId) facts.codecs.push(Buffer.from(bytes.subarray(start, end)).toString('latin1'))
    else if (id === trackType) facts.hasVideo ||= unsigned(bytes, start, end) === video
    else if (id === timestampScale) scale = unsigned(bytes, start, end)
    else if (id === saidDuration) duration = float(bytes, start, end)
    else if (id === timestamp) times.startCluster(unsigned(bytes, start, end))
  }
  const seconds = (units: number) => (units * scale) / 1_000_000_000
  if (duration !== undefined) facts.said = seconds(duration)
  // The last block lasts as long as the one before it did, unless that was a pause.
  const tail = Math.min(times.step, longestBlockNs / scale)
  if (times.last >= 0) facts.counted = seconds(times.last + tail)
  return facts
}

/** When blocks begin, in units of the file. */
class BlockTimes {
  #cluster = 0
  /** Of the last block; less than 0: there is none. */
  last = -1
  /** From the block before it. */
  step = 0

  startCluster(at: number): void {
    this.#cluster = at
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const at = start + leadingLength(bytes, start)
    if (end < at + 3) return
    const offset = (((bytes[at] ?? 0) << 24) >> 16) | (bytes[at + 1] ?? 0)
    const last = Math.max(this.last, this.#cluster + offset)
    this.step = this.last < 0 ? 0 : last - this.last
    this.last = last
  }
}
