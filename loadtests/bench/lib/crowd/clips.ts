import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clip } from './orders.ts'

const run = promisify(execFile)
const digits = 8
const title = `clip-${'0'.repeat(digits)}`
const sentence = 'The quick brown fox jumps over the lazy dog, and nobody knows why it does so every day. '

/**
 * Speech of about so many bytes: spoken by espeak-ng, encoded by ffmpeg as browsers do it, WebM with Opus at 40 kbit/s.
 * Its title is a number, so that each message can have audio of its own that is as good as any.
 */
export async function makeClip(bytes: number): Promise<Clip> {
  const seconds = Math.max(1, (bytes * 8) / 40_000)
  const dir = await mkdtemp(join(tmpdir(), 'earshot-bench-'))
  try {
    const wav = join(dir, 'speech.wav')
    const webm = join(dir, 'speech.webm')
    await run('espeak-ng', ['-w', wav, sentence.repeat(Math.ceil(seconds / 4))])
    const opus = ['-c:a', 'libopus', '-b:a', '40k', '-vbr', 'off', '-ac', '1']
    const input = ['-v', 'error', '-i', wav, '-t', String(seconds)]
    await run('ffmpeg', [...input, ...opus, '-metadata', `title=${title}`, '-f', 'webm', webm])
    const made = await readFile(webm)
    const at = made.indexOf(title)
    if (at < 0) throw new Error('ffmpeg has left out the title')
    return {
      bytes: made,
      at: at + title.length - digits,
      mimeType: 'audio/webm;codecs=opus',
      duration: seconds,
    }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** The recording with this number in it. */
export function numbered(clip: Clip, number: number): Buffer {
  const bytes = Buffer.from(clip.bytes)
  bytes.write(String(number).padStart(digits, '0'), clip.at, 'latin1')
  return bytes
}
