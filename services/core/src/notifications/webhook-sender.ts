import type { Notification } from '@earshot/protocol'
import { deliveryError } from './delivery-errors.ts'
import { signWebhook } from './webhook-signature.ts'

export interface WebhookOptions {
  url: string
  secret: string
  timeoutMs: number
}

/** Tells the operator's own system, which may write a mail or send to an app of its own. */
export class WebhookSender {
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.#options = options
  }

  /**
   * @param id the same at each try
   * @throws {DeliveryRefusedError} {@link ReceiverBusyError}; any other error says that it may succeed later
   */
  async send(id: string, notification: Notification, recipients: string[]): Promise<void> {
    const { url, secret, timeoutMs } = this.#options
    const timestamp = Math.floor(Date.now() / 1_000)
    const body = JSON.stringify({
      type: 'message.unread',
      timestamp: new Date(timestamp * 1_000).toISOString(),
      data: { ...notification, recipients },
    })
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signWebhook(secret, id, timestamp, body),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    if (!response.ok) throw deliveryError('the webhook', response)
  }
}
