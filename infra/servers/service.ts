import { delimiter, join } from 'node:path'
import { NODE, ROOT } from '../settings.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { answersOk } from './probes.ts'

/** Gateways drain before they end: their clients are told to move, spread over some seconds. */
const STOP_WITHIN_MS = 12_000

/**
 * The young generation of V8's heap, MB: by itself it grows to 64 MB where many connect at once, and stays so. 4 MB would save some
 * 40 MB a gateway and cost a tenth to a fifth of the CPU time of messages.
 *
 * What buffers hold lies outside of it. V8 marks the whole heap when that has grown by 64 MB, and collects the young generation for it,
 * which lets nearly all of it go, no sooner: audio had the heap marked every hundred messages, for a hundred milliseconds and more. With the
 * third of these the young generation is collected for half as much; its own size stays 16 MB.
 */
const nodeFlags = [
  '--enable-source-maps',
  '--max-semi-space-size=16',
  '--scavenger-max-new-space-capacity-mb=8',
]

export interface ServiceOptions {
  /** `gateway-1`, `worker-1`: its role here and its NODE_ID there. */
  id: string
  entry: string
  port: number
  /** On top of the caller's own environment. */
  env: NodeJS.ProcessEnv
}

/** A gateway or worker: one of our own programs, run by the Node that came with the dependencies. */
export function serviceDaemon({ id, entry, port, env }: ServiceOptions, surroundings: Surroundings): Daemon {
  const spec = {
    role: id,
    port,
    shown: () => true,
    launch: () => ({
      command: NODE,
      args: [...nodeFlags, entry],
      cwd: ROOT,
      env: { ...callersEnvironment(), ...env, PORT: String(port), HOST: '127.0.0.1', NODE_ID: id },
      stopTimeoutMs: STOP_WITHIN_MS,
    }),
    ready: () => answersOk(`http://127.0.0.1:${port}/readyz`),
    readyWithinMs: 60_000,
  }
  return new Daemon(spec, surroundings)
}

/** JWKS_URL, LOG_LEVEL and all else is passed on; what make adds for itself is not. */
function callersEnvironment(): NodeJS.ProcessEnv {
  const { MAKEFLAGS: _flags, MAKELEVEL: _level, MFLAGS: _short, MAKE_TERMOUT: _out, ...env } = process.env
  return { ...env, PATH: [join(ROOT, 'node_modules', '.bin'), env.PATH].join(delimiter) }
}
