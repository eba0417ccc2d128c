import type { CodedError, ServerEventName, ServerPayload } from '@earshot/protocol'
import type { FeedEvents } from './feed/feed.ts'
import type { OutboxEvents } from './outbox/outbox.ts'

/** What the SDK itself tells, beside the events of the server. */
export interface StateEvents {
  /** Every time a connection stands, the first one included. */
  connected: { socketId: string }
  /** Every time but the first; what was missed meanwhile comes by `sync`. */
  reconnected: { socketId: string }
  /** `willReconnect: false`: closed by the application, or refused for the reason in `error`. */
  disconnected: { reason: string; willReconnect: boolean; error?: CodedError }
}

type OwnEvents = StateEvents & OutboxEvents & FeedEvents

export type EarshotEvents = { [E in ServerEventName]: ServerPayload<E> } & OwnEvents

/** Names that no server may use. */
export const ownEventNames: ReadonlySet<string> = new Set<keyof OwnEvents>([
  'connected',
  'reconnected',
  'disconnected',
  'outbox_changed',
  'sent',
  'send_refused',
  'message',
  'change',
])
