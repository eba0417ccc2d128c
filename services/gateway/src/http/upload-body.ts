import type { IncomingMessage } from 'node:http'
import { finished, PassThrough } from 'node:stream'
import { CodedError } from '@earshot/protocol'

/** How long one who was refused may go on sending, so that the answer reaches them. */
const lingerMs = 10_000

/**
 * A request's body that can be given up without cutting the connection, on which the answer is to go back. Ends the
 * connection when no byte comes for `idleMs`.
 */
export function uploadBody(raw: IncomingMessage, idleMs: number): PassThrough {
  const body = new PassThrough()
  // Who reads it hears of the error; nobody has to.
  body.on('error', () => raw.unpipe(body))
  breakOffWhenIdle(raw, idleMs)
  finished(raw, { writable: false }, (error) => {
    if (error) body.destroy(new CodedError('BAD_REQUEST', 'The upload broke off.', { cause: error }))
  })
  return raw.pipe(body)
}

/** Node closes a connection that is idle for so long; only the body has to hurry, not the answer. */
export function breakOffWhenIdle(raw: IncomingMessage, idleMs: number): void {
  raw.setTimeout(idleMs)
  raw.once('end', () => raw.setTimeout(0))
}

/**
 * Lets the sender of what will not be read finish: to cut the connection would lose the answer. What still comes is
 * thrown away, for a while.
 */
export function drain(raw: IncomingMessage): void {
  raw.unpipe()
  if (raw.complete || raw.destroyed) return
  raw.resume()
  const timer = setTimeout(() => raw.destroy(), lingerMs)
  raw.once('close', () => clearTimeout(timer))
}
