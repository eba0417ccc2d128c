import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { VoiceInput } from '@earshot/protocol'
import { onPath } from '../../../infra/tools/on-path.ts'
import { dataUrl } from './speech.ts'

/** What recorders make. `live` as a browser's does, who writes as it records: its container says no length. */
export type RecordingKind = 'live webm' | 'webm' | 'ogg' | 'mp4' | 'live mp4' | 'mp3' | 'wav' | 'film'

const opus = ['-c:a', 'libopus', '-b:a', '40k']
const aac = ['-c:a', 'aac', '-b:a', '48k']
const kinds: Record<RecordingKind, { type: string; args: string[] }> = {
  'live webm': { type: 'audio/webm;codecs=opus', args: [...opus, '-f', 'webm', '-live', '1'] },
  webm: { type: 'audio/webm', args: [...opus, '-f', 'webm'] },
  ogg: { type: 'audio/ogg;codecs=opus', args: [...opus, '-f', 'ogg'] },
  mp4: { type: 'audio/mp4', args: [...aac, '-f', 'mp4'] },
  'live mp4': { type: 'audio/mp4', args: [...aac, '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4'] },
  mp3: { type: 'audio/mpeg', args: ['-c:a', 'libmp3lame', '-b:a', '48k', '-f', 'mp3'] },
  wav: { type: 'audio/wav', args: ['-c:a', 'pcm_s16le', '-f', 'wav'] },
  film: {
    type: 'audio/webm',
    args: [
      '-f',
      'lavfi',
      '-i',
      'color=size=16x16:duration=1',
      '-shortest',
      '-c:v',
      'libvpx',
      ...opus,
      '-f',
      'webm',
    ],
  },
}

/** Speech, spoken by espeak-ng and encoded by ffmpeg. */
export async function recording(text: string, kind: RecordingKind): Promise<{ bytes: Buffer; type: string }> {
  const { type, args } = kinds[kind]
  return inTempDir(async (dir) => {
    const spoken = join(dir, 'spoken.wav')
    const encoded = join(dir, 'encoded')
    await run('espeak-ng', ['-s', '140', '-w', spoken, text])
    await run('ffmpeg', ['-v', 'error', '-i', spoken, ...args, encoded])
    return { bytes: await readFile(encoded), type }
  })
}

/** What Chromium's MediaRecorder made of four seconds of speech: no other program writes quite like a browser. */
export async function browserRecording(kind: 'webm' | 'mp4'): Promise<{ bytes: Buffer; type: string }> {
  const bytes = await readFile(new URL(`../fixtures/chromium-recording.${kind}`, import.meta.url))
  return { bytes, type: `audio/${kind};codecs=opus` }
}

/** As a client sends it. */
export function voiceOf(bytes: Buffer, type: string, duration: number): VoiceInput {
  return { url: dataUrl(bytes, type), duration, mimeType: type, size: bytes.length }
}

/** Length in seconds as the container says it; `NaN` when it does not. */
export async function saidDuration(bytes: Buffer): Promise<number> {
  return inTempDir(async (dir) => {
    const file = join(dir, 'audio')
    await writeFile(file, bytes)
    const show = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0']
    return Number.parseFloat(await run('ffprobe', [...show, file]))
  })
}

const missing = ['espeak-ng', 'ffmpeg', 'ffprobe'].filter((program) => onPath(program) === undefined)

/** Why a test of speech cannot run here, for its `skip`. CI has what it needs, or fails. */
export const noSpeech: string | false =
  missing.length > 0 && !process.env.CI ? `this machine has no ${missing.join(', ')}` : false

async function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'earshot-recording-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}

async function run(command: string, args: string[]): Promise<string> {
  return (await promisify(execFile)(command, args)).stdout
}
