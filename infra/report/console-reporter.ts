import { formatLogLine } from './log-line.ts'
import type { Reporter } from './reporter.ts'
import { dim } from './style.ts'

const SHOWN_AFTER_MS = 1_000
const REPEATED_EVERY_MS = 10_000
const STAYS_AFTER_MS = 3_000

/**
 * Writes to a terminal, where the running step is the last line and counts its seconds; or to a file or pipe, where
 * it is a line every ten seconds.
 */
export function consoleReporter({ stamped = false } = {}): Reporter {
  const out = process.stdout
  let running: { what: string; since: number } | undefined

  const seconds = (since: number) => `${Math.round((performance.now() - since) / 1000)} s`
  const clear = () => {
    if (out.isTTY && running) out.write('\r\x1b[K')
  }
  const draw = () => {
    if (!out.isTTY || !running || performance.now() - running.since < SHOWN_AFTER_MS) return
    out.write(`\r\x1b[K${dim(`${running.what} … ${seconds(running.since)}`)}`)
  }
  const line = (text: string) => {
    clear()
    out.write(stamped ? `${new Date().toISOString()} ${text}\n` : `${text}\n`)
    draw()
  }

  return {
    say: line,
    log: (role, text) => line(formatLogLine(role, text, Date.now())),
    async step(what, work) {
      const since = performance.now()
      let shown = false
      const tick = setInterval(() => {
        const elapsed = performance.now() - since
        if (out.isTTY) draw()
        else if (!shown) line(`${what} …`)
        else if (elapsed % REPEATED_EVERY_MS < SHOWN_AFTER_MS) line(`${what} … ${seconds(since)}`)
        shown = true
      }, SHOWN_AFTER_MS)
      running = { what, since }
      try {
        const result = await work()
        clear()
        running = undefined
        if (performance.now() - since > STAYS_AFTER_MS) line(`${what}: done in ${seconds(since)}`)
        return result
      } finally {
        clearInterval(tick)
        clear()
        running = undefined
      }
    },
  }
}
