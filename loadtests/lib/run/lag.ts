import { clearTimeout, setTimeout } from 'k6/timers'
import { metrics } from './metrics.ts'

const everyMs = 100

/**
 * Measures how late this VU's timers fire. A VU whose loop is behind answers a server's ping just as late, and may lose the
 * connection for it: that says something of k6, not of the server.
 */
export class LagWatch {
  #timer: ReturnType<typeof setTimeout> | undefined
  #most = 0

  constructor() {
    this.#arm()
  }

  /** The longest delay since this was asked before, milliseconds. */
  takeMost(): number {
    const most = this.#most
    this.#most = 0
    return most
  }

  /** k6 ends no iteration while it runs. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer)
  }

  #arm(): void {
    const dueAt = Date.now() + everyMs
    this.#timer = setTimeout(() => {
      const lag = Math.max(0, Date.now() - dueAt)
      this.#most = Math.max(this.#most, lag)
      metrics.k6Lag.add(lag)
      this.#arm()
    }, everyMs)
  }
}
