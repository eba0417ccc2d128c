import type { Receipt } from '@earshot/protocol'

type ReceiptEvent = 'message_delivered' | 'message_read'

const gatherMs = 250

/**
 * Receipts are watermarks: of all that a moment brings for a conversation only the highest is sent. What could not be
 * sent is sent with the next connection.
 */
export class ReceiptBatch {
  readonly #send: (event: ReceiptEvent, receipt: Receipt) => Promise<unknown>
  readonly #waiting = new Map<string, { event: ReceiptEvent; receipt: Receipt }>()
  /** What the server has acknowledged. */
  readonly #sent = new Map<string, number>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: (event: ReceiptEvent, receipt: Receipt) => Promise<unknown>) {
    this.#send = send
  }

  note(event: ReceiptEvent, receipt: Receipt): void {
    const key = `${event}:${receipt.conversationId}`
    const waiting = this.#waiting.get(key)?.receipt.seq ?? this.#sent.get(key) ?? 0
    if (receipt.seq <= waiting) return
    this.#waiting.set(key, { event, receipt })
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs)
  }

  /** Sends what waits now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = [...this.#waiting]
    this.#waiting.clear()
    await Promise.all(
      batch.map(async ([key, { event, receipt }]) => {
        try {
          await this.#send(event, receipt)
          this.#sent.set(key, Math.max(receipt.seq, this.#sent.get(key) ?? 0))
        } catch {
          // Kept for the next connection, unless something later waits by now: a receipt is never worth an error.
          if (!this.#waiting.has(key)) this.#waiting.set(key, { event, receipt })
        }
      }),
    )
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
