import type { BrowserContext, Page } from 'playwright-core'

declare global {
  interface Window {
    /** The loudest sample that left any audio element so far, from 0 to 1. */
    loudestSound?: number
  }
}

/** Measures what the page's audio elements really put out, by an analyser behind each of them. */
export async function measureSound(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    window.loudestSound = 0
    const play = HTMLMediaElement.prototype.play
    const measured = new WeakSet<HTMLMediaElement>()
    HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
      if (!measured.has(this)) {
        measured.add(this)
        const sound = new AudioContext()
        const analyser = sound.createAnalyser()
        sound.createMediaElementSource(this).connect(analyser).connect(sound.destination)
        const samples = new Float32Array(analyser.fftSize)
        setInterval(() => {
          analyser.getFloatTimeDomainData(samples)
          for (const sample of samples) {
            window.loudestSound = Math.max(window.loudestSound ?? 0, Math.abs(sample))
          }
        }, 20)
      }
      return play.call(this)
    }
  })
}

/** Waits for speech to have reached the output: silence and noise of encoding stay far below. */
export async function soundReachedOutput(page: Page): Promise<number> {
  await page.waitForFunction(() => (window.loudestSound ?? 0) > 0.05)
  return page.evaluate(() => window.loudestSound ?? 0)
}
