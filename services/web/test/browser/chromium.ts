import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const quiet = ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--no-first-run']

export interface Browsers {
  /** Its microphone hears somebody speak. */
  speaking: Browser
  /** Without a microphone. */
  mute: Browser
  close: () => Promise<void>
}

const said = 'Hello there. The boat leaves the pier at noon, so bring a warm coat and something to eat.'

/** Chromium twice: with a microphone that hears speech from a file (by espeak-ng), and without one. */
export async function launchBrowsers(): Promise<Browsers> {
  const dir = mkdtempSync(join(tmpdir(), 'earshot-speech-'))
  const wav = join(dir, 'speech.wav')
  execFileSync('espeak-ng', ['-w', wav, '-s', '150', said])
  const microphone = [
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-audio-capture=${wav}`,
  ]
  const speaking = await chromium.launch({ executablePath, args: [...quiet, ...microphone] })
  const mute = await chromium.launch({ executablePath, args: quiet })
  return {
    speaking,
    mute,
    close: async () => {
      await speaking.close()
      await mute.close()
      rmSync(dir, { recursive: true })
    },
  }
}

/** With a profile in this folder, as an everyday browser has one. */
export function launchProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { executablePath, args: quiet })
}
