import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { exitCodeOf } from '../system/exec.ts'
import { eachLine } from '../system/lines.ts'

export interface K6Run {
  command: string
  script: string
  env: NodeJS.ProcessEnv
  cwd: string
  onStart: (pid: number) => void
}

/**
 * Runs k6 to its end and gives its exit code: 0, 99 when a threshold does not hold, others when it did not come so far. On
 * a terminal it draws its progress itself; in a log a line every ten seconds is enough.
 */
export async function runK6({ command, script, env, cwd, onStart }: K6Run): Promise<number> {
  // Without an address two k6 on one machine do not meet.
  const args = ['run', '--no-usage-report', '--address', '', script]
  const onTerminal = process.stdout.isTTY === true
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ['inherit', onTerminal ? 'inherit' : 'pipe', 'inherit'],
  })
  child.once('spawn', () => child.pid !== undefined && onStart(child.pid))
  const passOn = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  process.on('SIGINT', passOn).on('SIGTERM', passOn)
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const shown = child.stdout ? eachLine(child.stdout, thinned(print)) : Promise.resolve()
  try {
    const [[code, signal]] = await Promise.all([once(child, 'exit'), shown])
    return exitCodeOf({ code, signal })
  } finally {
    process.off('SIGINT', passOn).off('SIGTERM', passOn)
  }
}

const running = /^running \(.*?(\d+)\.\d+s\)/
const bar = /^\S+ +.{0,2}\[ *\d+% \]/u
const everySeconds = 10

/** Lets k6's progress through every ten seconds, and everything else. */
export function thinned(print: (line: string) => void): (line: string) => void {
  let isInProgress = false
  return (line) => {
    const seconds = running.exec(line)?.[1]
    if (seconds !== undefined && Number(seconds) % everySeconds === 0) print(line)
    if (seconds !== undefined) isInProgress = true
    else if (!bar.test(line) && !(isInProgress && line === '')) {
      isInProgress = false
      print(line)
    }
  }
}
