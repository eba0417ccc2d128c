import type { RealtimeServer } from '@earshot/realtime'

/** Tells sockets whose token has expired, and lets them go when they do not renew it in time. */
export class TokenWatch {
  readonly #io: RealtimeServer
  readonly #graceMs: number
  readonly #told = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(io: RealtimeServer, graceMs: number) {
    this.#io = io
    this.#graceMs = graceMs
  }

  /** One pass over all sockets a second costs less than a timer for each. */
  start(): void {
    this.#timer = setInterval(() => this.check(Date.now()), 1_000)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  check(now: number): void {
    for (const [id, socket] of this.#io.sockets.sockets) {
      const lateMs = now - socket.data.expiresAt
      if (lateMs < 0) this.#told.delete(id)
      else if (lateMs > this.#graceMs) {
        this.#told.delete(id)
        socket.disconnect(true)
      } else if (!this.#told.has(id)) {
        this.#told.add(id)
        socket.emit('token_expired', { graceMs: this.#graceMs - lateMs })
        socket.once('disconnect', () => this.#told.delete(id))
      }
    }
  }
}
