import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import type { AudioTool, ExaminedAudio, WantedForm } from './audio-tool.ts'
import { ScratchFile } from './scratch-file.ts'
import { PeakMeter } from './waveform.ts'

export interface FfmpegOptions {
  /** Path, or a name on the PATH. */
  command: string
  /** Of audio, seconds; what lies beyond is not looked at. */
  maxSeconds: number
  /** Of one run. */
  timeoutMs: number
  cpuSeconds: number
  /** Address space, bytes. */
  memoryBytes: number
}

/** Demuxers by container: what the content was recognised as, so that ffmpeg guesses nothing (a playlist, say). */
const demuxers: Record<string, string> = {
  'audio/webm': 'matroska',
  'audio/ogg': 'ogg',
  'audio/mp4': 'mov',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
}

/** All decoders that a stranger's bytes may reach. */
const decoders =
  'opus,libopus,vorbis,libvorbis,aac,mp3,mp3float,flac,alac,pcm_alaw,pcm_mulaw,' +
  'pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_f32be'

/** Of the decoded copy that peaks and length are told by. */
const hertz = 8_000
const windowsPerSecond = 100
const inFd = 3
const outFd = 4

/** Limits are the shell's: what is set there, a child and its children cannot lift. Not every system knows each. */
const limited = 'ulimit -t "$1" 2>/dev/null; ulimit -v "$2" 2>/dev/null; shift 2; exec "$@"'

/** ffmpeg as a child: below other work in priority, bounded in time, CPU and memory, and without a network. */
export class Ffmpeg implements AudioTool {
  readonly #options: FfmpegOptions

  constructor(options: FfmpegOptions) {
    this.#options = options
  }

  /** What it says of its version; `undefined` where there is no such program. */
  static async version(command: string): Promise<string | undefined> {
    const child = spawn(command, ['-version'], { stdio: ['ignore', 'pipe', 'ignore'] })
    const said: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => said.push(bytes))
    try {
      await once(child, 'close')
    } catch {
      return undefined
    }
    return child.exitCode === 0 ? Buffer.concat(said).toString().split('\n', 1)[0] : undefined
  }

  async examine(
    { bytes, container }: { bytes: Uint8Array; container: string },
    { form, signal }: { form: WantedForm; signal: AbortSignal },
  ): Promise<ExaminedAudio | undefined> {
    const demuxer = demuxers[container]
    if (demuxer === undefined) return undefined
    const input = await ScratchFile.create(bytes)
    const output = await ScratchFile.create()
    try {
      const meter = new PeakMeter(hertz / windowsPerSecond)
      const args = [...reading(demuxer, input), ...this.#writing(form, output)]
      if (!(await this.#run(args, { input, output, meter, signal })) || meter.samples === 0) return undefined
      const facts = { duration: meter.samples / hertz, peaks: meter.peaks() }
      return form === 'none' ? facts : { ...facts, playback: await output.read() }
    } finally {
      await input.close()
      await output.close()
    }
  }

  #writing(form: WantedForm, output: ScratchFile): string[] {
    const first = ['-map', '0:a:0', '-t', String(this.#options.maxSeconds)]
    const plain = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags', '+bitexact']
    const codec =
      form === 'repacked'
        ? ['-c:a', 'copy']
        : ['-c:a', 'aac', '-aac_coder', 'fast', '-ac', '1', '-ar', '44100', '-b:a', '56k']
    const file = [...first, ...codec, ...plain, '-movflags', '+faststart', '-f', 'mp4', output.pathFor(outFd)]
    const peaks = [...first, '-c:a', 'pcm_s16le', '-ac', '1', '-ar', String(hertz), '-f', 's16le', 'pipe:1']
    return form === 'none' ? peaks : [...file, ...peaks]
  }

  /** Returns whether it came to a good end. */
  async #run(
    args: string[],
    {
      input,
      output,
      meter,
      signal,
    }: { input: ScratchFile; output: ScratchFile; meter: PeakMeter; signal: AbortSignal },
  ): Promise<boolean> {
    const { command, cpuSeconds, memoryBytes, timeoutMs } = this.#options
    const limits = [String(cpuSeconds), String(Math.ceil(memoryBytes / 1_024))]
    const child = spawn('sh', ['-c', limited, 'sh', ...limits, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', input.fd, output.fd],
      env: { PATH: process.env.PATH },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      killSignal: 'SIGKILL',
    })
    const last = lastWords(child)
    child.stdout?.on('data', (pcm: Buffer) => meter.add(pcm))
    lowerPriority(child)
    // Rejects with the reason when it is called off.
    const [code] = (await once(child, 'close')) as [number | null]
    if (code === null || code > 128)
      throw new Error(`ffmpeg was ended by ${child.signalCode ?? `code ${code}`}`)
    if (code === 127) throw new Error(`there is no ${command}`)
    if (code !== 0 && /Cannot allocate memory|Resource temporarily unavailable/.test(last()))
      throw new Error(last())
    return code === 0
  }
}

function reading(demuxer: string, input: ScratchFile): string[] {
  return [
    '-nostdin',
    '-hide_banner',
    ...['-v', 'error', '-y', '-threads', '1'],
    ...['-protocol_whitelist', 'file,pipe', '-codec_whitelist', decoders],
    ...['-f', demuxer, '-i', input.pathFor(inFd)],
  ]
}

function lastWords(child: ChildProcess): () => string {
  let words = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    words = (words + bytes.toString()).slice(-500)
  })
  return () => words
}

function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, 10)
  } catch (error) {
    // It has ended already, or the system does not let us: it runs as it is.
    if (!(error instanceof Error)) throw error
  }
}
