import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Speech {
  bytes: Buffer
  mimeType: string
  /** Seconds. */
  duration: number
}

/** Speaks a text and encodes it as browsers do: WebM with Opus, 40 kbit/s. */
export async function speak(text: string): Promise<Speech> {
  return inTempDir(async (dir) => {
    const wav = join(dir, 'speech.wav')
    const webm = join(dir, 'speech.webm')
    await run('espeak-ng', ['-w', wav, text])
    await run('ffmpeg', ['-v', 'error', '-i', wav, '-c:a', 'libopus', '-b:a', '40k', '-ac', '1', webm])
    return {
      bytes: await readFile(webm),
      mimeType: 'audio/webm;codecs=opus',
      duration: await durationOf(wav),
    }
  })
}

/** Decodes audio to the end, as a player would, and returns its length in seconds. Rejects when it is no audio. */
export async function decodedDuration(bytes: Buffer): Promise<number> {
  return inTempDir(async (dir) => {
    const file = join(dir, 'received')
    const wav = join(dir, 'decoded.wav')
    await writeFile(file, bytes)
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, wav])
    return durationOf(wav)
  })
}

async function durationOf(file: string): Promise<number> {
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format=duration',
    '-of',
    'csv=p=0',
    file,
  ])
  return Number(stdout)
}

async function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'earshot-demo-'))
  try {
    return await work(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}
