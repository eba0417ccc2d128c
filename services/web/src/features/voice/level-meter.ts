export interface LevelMeter {
  /** From 0 to 1, twenty a second while it counts. */
  levels: () => readonly number[]
  stop: () => void
}

const everyMs = 50
/** Ordinary speech at a microphone is about an eighth of what the format can carry. */
const speechGain = 5
const peaks = 128

/** How loud the microphone is (RMS), for as long as `counts` says so. */
export function meterLevels(stream: MediaStream, counts: () => boolean): LevelMeter {
  const sound = new AudioContext()
  const analyser = sound.createAnalyser()
  analyser.fftSize = 2_048
  sound.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const levels: number[] = []
  const timer = setInterval(() => {
    if (!counts()) return
    analyser.getFloatTimeDomainData(samples)
    const meanSquare = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
    levels.push(Math.min(1, Math.sqrt(meanSquare) * speechGain))
  }, everyMs)
  return {
    levels: () => levels,
    stop: () => {
      clearInterval(timer)
      void sound.close()
    },
  }
}

/** The loudest of each stretch, in hundredths, at most 128 of them: what is sent along and drawn. */
export function waveformOf(levels: readonly number[]): number[] {
  const count = Math.min(peaks, levels.length)
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * levels.length) / count)
    const to = Math.floor(((index + 1) * levels.length) / count)
    return Math.round(100 * Math.max(...levels.slice(from, to))) / 100
  })
}
