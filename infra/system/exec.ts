import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Exit, type LaunchSpec, launch } from './child.ts'
import { Cancelled, Failure } from './failure.ts'
import { whyItFailed } from './last-words.ts'
import { LogFile } from './log-file.ts'

export interface RunOptions extends LaunchSpec {
  /** Keeps the whole output here; a failure names it. */
  logPath?: string | undefined
  signal?: AbortSignal | undefined
}

/** Runs a program to its end and gives what it wrote; a failure says its last line and where the rest is. */
export async function run(what: string, options: RunOptions): Promise<string> {
  const { code, output } = await attempt(options)
  if (options.signal?.aborted) throw new Cancelled('cancelled')
  if (code === 0) return output
  const why = whyItFailed(output.split('\n')) ?? `exit code ${code}`
  throw new Failure(`${what} failed: ${why}${options.logPath ? ` (all of it: ${options.logPath})` : ''}`)
}

/** Runs a program to its end, whatever comes of it. */
export async function attempt({
  logPath,
  signal,
  ...spec
}: RunOptions): Promise<{ code: number; output: string }> {
  const lines: string[] = []
  const log = logPath === undefined ? undefined : new LogFile(logPath)
  log?.write(`$ ${spec.command} ${spec.args.join(' ')}`)
  const child = await launch({
    ...spec,
    onLine(line) {
      lines.push(line)
      log?.write(line)
      spec.onLine?.(line)
    },
  })
  const cancel = () => void child.kill()
  signal?.addEventListener('abort', cancel, { once: true })
  if (signal?.aborted) cancel()
  const exit = await child.exited
  signal?.removeEventListener('abort', cancel)
  log?.close()
  return { code: exitCodeOf(exit), output: lines.join('\n') }
}

export interface ForegroundOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
}

/**
 * Runs a program that has the terminal to itself (tests, load tests, the demo) and gives its exit code. Ctrl-C
 * reaches it from the terminal; a signal sent to this program alone is passed on.
 */
export async function runInForeground(
  command: string,
  args: readonly string[],
  { env, cwd }: ForegroundOptions = {},
): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit', ...(env && { env }), ...(cwd && { cwd }) })
  const passOn = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  process.on('SIGINT', passOn).on('SIGTERM', passOn)
  try {
    const [code, signal] = await once(child, 'exit')
    return exitCodeOf({ code, signal })
  } finally {
    process.off('SIGINT', passOn).off('SIGTERM', passOn)
  }
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
}

/** As a shell counts it: 128 and the signal's number for a process that was killed. */
export function exitCodeOf({ code, signal }: Exit): number {
  return code ?? 128 + ((signal && SIGNAL_NUMBERS[signal]) ?? 0)
}
