import { type Stack, type StackOptions, startStack } from '../stack/stack.ts'
import { killAllChildren } from '../system/child.ts'
import { Cancelled } from '../system/failure.ts'

export interface Hold extends Omit<StackOptions, 'signal'> {
  /** Called once all is ready. */
  onReady: (stack: Stack) => void
  /** Another reason to stop than a signal. */
  until?: AbortSignal
}

/**
 * Starts everything and holds it until Ctrl-C, SIGTERM or the end of the terminal, then stops it in good order. A
 * second Ctrl-C ends it the hard way. Gives the exit code.
 */
export async function holdStack({ onReady, until, ...options }: Hold): Promise<number> {
  const stopping = new AbortController()
  const { reporter } = options
  const onSignal = () => {
    if (stopping.signal.aborted) return killHard()
    reporter.say('Stopping …')
    stopping.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  until?.addEventListener('abort', () => stopping.abort())

  try {
    const stack = await startStack({ ...options, signal: stopping.signal })
    if (!stopping.signal.aborted) {
      onReady(stack)
      await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))
    }
    await reporter.step('Stopping', () => stack.stop())
    reporter.say('Stopped.')
    return 0
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    reporter.say('Stopped before it was ready.')
    return 1
  }
}

function killHard(): void {
  killAllChildren()
  process.exit(130)
}
