/** The receiver refused, and will again: the same must not be sent once more without somebody looking. */
export class DeliveryRefusedError extends Error {
  override readonly name = 'DeliveryRefusedError'
}

/** The receiver asked to wait. That is no failure. */
export class ReceiverBusyError extends Error {
  override readonly name = 'ReceiverBusyError'
  readonly waitMs: number

  constructor(message: string, waitMs: number) {
    super(message)
    this.waitMs = waitMs
  }
}

const longestWaitMs = 3_600_000

/**
 * What an answer that is not 2xx means to who sent: tried again, but for what says that it was wrong.
 * @param who as in "the push service"
 */
export function deliveryError(who: string, { status, headers }: Response): Error {
  const message = `${who} answered ${status}`
  if (status === 429 || status === 503) {
    const given = headers.get('retry-after') ?? ''
    const ms = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now()
    if (ms > 0) return new ReceiverBusyError(message, Math.min(ms, longestWaitMs))
  }
  const isRefusal = status < 500 && status !== 408 && status !== 425 && status !== 429
  return isRefusal ? new DeliveryRefusedError(message) : new Error(message)
}
