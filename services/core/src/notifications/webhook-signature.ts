import { createHmac } from 'node:crypto'

const prefix = 'whsec_'

/** @param secret `whsec_` and 24 to 64 bytes in Base64 */
export function isWebhookSecret(secret: string): boolean {
  const bytes = Buffer.from(secret.slice(prefix.length), 'base64').length
  return secret.startsWith(prefix) && bytes >= 24 && bytes <= 64
}

/**
 * HMAC-SHA256 over id, time and body, as the Standard Webhooks specification has it, so that its libraries verify it.
 * @param timestamp seconds since 1970
 */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(prefix.length), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
