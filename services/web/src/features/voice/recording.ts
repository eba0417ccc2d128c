import { type LevelMeter, meterLevels, waveformOf } from './level-meter.ts'

/** Recording with the browser's own means; knows nothing of React. */
export interface VoiceRecording {
  blob: Blob
  /** Seconds. */
  duration: number
  /** Peaks from 0 to 1. */
  waveform: number[]
}

export interface RecordingLimits {
  maxSeconds: number
  maxBytes: number
}

export interface RecordingDeps {
  limits: RecordingLimits
  /** Every half a second what has come since, and how it stands then. */
  onChunk: (chunk: Blob, soFar: { seconds: number; levels: readonly number[] }) => void
}

export interface ActiveRecording {
  /** Settles when the recording ended, by `stop`, at a limit, or because the microphone went away. */
  finished: Promise<VoiceRecording>
  /** How loud it was, twenty times a second, from 0 to 1. */
  levels: () => readonly number[]
  /** Without the pauses. */
  seconds: () => number
  /** Gives what was recorded so far. */
  pause: () => Promise<VoiceRecording>
  resume: () => void
  stop: () => void
  /** Throws it away; `finished` never settles. */
  cancel: () => void
}

/** 50 KB for ten seconds: speech is well understood at half of it. */
const audioBitsPerSecond = 40_000
const chunkMs = 500
const candidates = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

export async function startRecording({ limits, onChunk }: RecordingDeps): Promise<ActiveRecording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
  })
  const mimeType = candidates.find((candidate) => MediaRecorder.isTypeSupported(candidate))
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond, ...(mimeType && { mimeType }) })
  const clock = stopwatch()
  const meter: LevelMeter = meterLevels(stream, () => recorder.state === 'recording')
  const chunks: Blob[] = []
  const soFar = (): VoiceRecording => ({
    blob: new Blob(chunks, { type: recorder.mimeType }),
    duration: Math.min(limits.maxSeconds, Math.round(clock.seconds() * 10) / 10),
    waveform: waveformOf(meter.levels()),
  })
  const release = () => {
    meter.stop()
    for (const track of stream.getTracks()) track.stop()
  }
  const stop = () => {
    if (recorder.state !== 'inactive') recorder.stop()
  }
  const finished = new Promise<VoiceRecording>((resolve, reject) => {
    recorder.ondataavailable = ({ data }) => {
      if (data.size > 0) chunks.push(data)
      onChunk(data, { seconds: clock.seconds(), levels: meter.levels() })
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.size, 0)
      // The next chunk must fit as well.
      if (clock.seconds() + 1 > limits.maxSeconds || bytes * 1.02 + 8_192 > limits.maxBytes) stop()
    }
    recorder.onstop = () => {
      clock.pause()
      release()
      resolve(soFar())
    }
    recorder.onerror = () => {
      release()
      reject(new DOMException('The recording broke off.', 'NotReadableError'))
    }
  })
  recorder.start(chunkMs)
  clock.resume()
  return {
    finished,
    stop,
    levels: meter.levels,
    seconds: clock.seconds,
    pause: async () => {
      recorder.pause()
      clock.pause()
      const flushed = new Promise((resolve) =>
        recorder.addEventListener('dataavailable', resolve, { once: true }),
      )
      recorder.requestData()
      await flushed
      return soFar()
    },
    resume: () => {
      recorder.resume()
      clock.resume()
    },
    cancel: () => {
      recorder.ondataavailable = null
      recorder.onstop = null
      stop()
      release()
    },
  }
}

/** Stands still until it is resumed. */
function stopwatch() {
  let before = 0
  let since: number | undefined
  const seconds = () => before + (since === undefined ? 0 : (performance.now() - since) / 1_000)
  return {
    seconds,
    pause: () => {
      before = seconds()
      since = undefined
    },
    resume: () => {
      since ??= performance.now()
    },
  }
}
