import type { Daemon } from './daemon.ts'

/** A server that tests, benchmarks and `run` alike start and stop. */
export interface Server {
  readonly url: string
  readonly port: number
  /** Of the process that clients talk to; undefined while it is down. */
  readonly pid: number | undefined
  /** The processes it is made of. */
  readonly daemons: readonly Daemon[]
  /** Ends it in good order and removes its throwaway data. */
  stop(): Promise<void>
  /** Sends a signal to all of its processes as a fault would; waits for their end when it is SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again, on the same port and with the same data, whether it is up or was killed. */
  restart(): Promise<void>
}

/** One or more daemons, each needing those before it, as one server. */
export function serverOf(
  daemons: readonly Daemon[],
  { url, port, cleanUp }: { url: string; port: number; cleanUp?: () => void },
): Server {
  const stopAll = async () => {
    for (const daemon of daemons.toReversed()) await daemon.stop()
  }
  return {
    url,
    port,
    daemons,
    get pid() {
      return daemons.at(-1)?.pid
    },
    async stop() {
      await stopAll()
      cleanUp?.()
    },
    async kill(signal) {
      await Promise.all(daemons.map((daemon) => daemon.kill(signal)))
    },
    async restart() {
      await stopAll()
      await startAll(daemons)
    },
  }
}

/** Starts them one after another; when one fails, those before it are stopped. */
export async function startAll(daemons: readonly Daemon[]): Promise<void> {
  for (const [index, daemon] of daemons.entries()) {
    try {
      await daemon.start()
    } catch (error) {
      for (const started of daemons.slice(0, index).toReversed()) await started.stop()
      throw error
    }
  }
}
