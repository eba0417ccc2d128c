import type { WireError } from '@earshot/protocol'

/** The server's answer was an error. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly wire: WireError

  constructor(wire: WireError) {
    super(`${wire.code}: ${wire.message}${wire.field ? ` (${wire.field})` : ''}`)
    this.wire = wire
  }

  /** A store did not answer in time, or something broke: what was asked for may have been done all the same. */
  get mayBeThere(): boolean {
    return this.wire.code === 'RETRY_LATER' || this.wire.code === 'INTERNAL'
  }

  /** Milliseconds to wait before the same may succeed; `undefined`: it never will. */
  get retryAfterMs(): number | undefined {
    const { code, retryAfterMs } = this.wire
    if (retryAfterMs !== undefined) return retryAfterMs
    return code === 'RATE_LIMITED' || code === 'RETRY_LATER' || code === 'INTERNAL' ? 1_000 : undefined
  }
}
