import type { Device } from './device.ts'
import type { Call } from './record.ts'

/** A page of history, as the record has it. */
export function readPage(device: Device, conversationId: string, query: string): Promise<Call> {
  const path = `/chat/${encodeURIComponent(conversationId)}/messages?${query}`
  return device.http('GET /chat/:id/messages', path)
}
