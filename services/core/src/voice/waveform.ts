/** Peaks that a message keeps: more than a phone's width shows. */
export const maxPeaks = 128

/**
 * Peaks as they are kept: no more than `maxPeaks`, each the highest of those it stands for, in steps of a hundredth so
 * that they are short on the wire.
 */
export function boundedWaveform(peaks: readonly number[]): number[] {
  const count = Math.min(peaks.length, maxPeaks)
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * peaks.length) / count)
    const end = Math.max(start + 1, Math.floor(((i + 1) * peaks.length) / count))
    return Math.round(Math.max(...peaks.slice(start, end)) * 100) / 100
  })
}

/** Finds the peaks of mono PCM (signed, 16 bits, little-endian) as it comes. */
export class PeakMeter {
  /** Samples a window. */
  readonly #window: number
  readonly #peaks: number[] = []
  #samples = 0
  #peak = 0
  /** The first half of a sample whose second half is still to come. */
  #half: number | undefined

  constructor(samplesPerWindow: number) {
    this.#window = samplesPerWindow
  }

  /** So far. */
  get samples(): number {
    return this.#samples
  }

  add(pcm: Uint8Array): void {
    let at = 0
    if (this.#half !== undefined && pcm.length > 0) {
      this.#take(((pcm[0] ?? 0) << 8) | this.#half)
      this.#half = undefined
      at = 1
    }
    for (; at + 1 < pcm.length; at += 2) this.#take(((pcm[at + 1] ?? 0) << 8) | (pcm[at] ?? 0))
    if (at < pcm.length) this.#half = pcm[at]
  }

  /** One peak from 0 to 1 for each window. */
  peaks(): number[] {
    return this.#samples % this.#window === 0 ? [...this.#peaks] : [...this.#peaks, this.#peak / 32_768]
  }

  #take(unsigned: number): void {
    const height = Math.abs((unsigned << 16) >> 16)
    if (height > this.#peak) this.#peak = height
    this.#samples++
    if (this.#samples % this.#window !== 0) return
    this.#peaks.push(this.#peak / 32_768)
    this.#peak = 0
  }
}
