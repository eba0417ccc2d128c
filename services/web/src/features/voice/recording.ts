/** Recording with the browser's own means; knows nothing of React. */
export interface VoiceRecording {
  url: string
  duration: number
  mimeType: string
  size: number
}

export interface RecordingLimits {
  maxSeconds: number
  maxBytes: number
}

export interface ActiveRecording {
  /** Settles when the recording ended, by `stop`, at a limit, or because the microphone went away. */
  finished: Promise<VoiceRecording>
  stop: () => void
  /** Throws it away; `finished` never settles. */
  cancel: () => void
}

const audioBitsPerSecond = 40_000
const chunkMs = 500
const candidates = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']

export async function startRecording(limits: RecordingLimits): Promise<ActiveRecording> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true },
  })
  const mimeType = candidates.find((candidate) => MediaRecorder.isTypeSupported(candidate))
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond, ...(mimeType && { mimeType }) })
  const chunks: Blob[] = []
  const release = () => {
    for (const track of stream.getTracks()) track.stop()
  }
  const stop = () => {
    if (recorder.state !== 'inactive') recorder.stop()
  }
  const finished = new Promise<VoiceRecording>((resolve, reject) => {
    const startedAt = performance.now()
    const elapsed = () => (performance.now() - startedAt) / 1_000
    recorder.ondataavailable = ({ data }) => {
      chunks.push(data)
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.size, 0)
      // The next chunk must fit as well.
      if (elapsed() + 1 > limits.maxSeconds || bytes * 1.02 + 8_192 > limits.maxBytes) stop()
    }
    recorder.onstop = () => {
      release()
      const duration = Math.min(limits.maxSeconds, Math.round(elapsed() * 10) / 10)
      encode(new Blob(chunks, { type: recorder.mimeType }), duration).then(resolve, reject)
    }
    recorder.onerror = () => {
      release()
      reject(new DOMException('The recording broke off.', 'NotReadableError'))
    }
  })
  recorder.start(chunkMs)
  return {
    finished,
    stop,
    cancel: () => {
      recorder.onstop = release
      stop()
      release()
    },
  }
}

async function encode(blob: Blob, duration: number): Promise<VoiceRecording> {
  return { url: await dataUrl(blob), duration, mimeType: blob.type, size: blob.size }
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('The recording could not be read.'))
    reader.readAsDataURL(blob)
  })
}
