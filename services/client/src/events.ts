import type { CodedError, ServerEventName, ServerPayload } from '@earshot/protocol'

/** What the SDK itself tells, beside the events of the server. */
export interface StateEvents {
  /** Every time a connection stands, the first one included. */
  connected: { socketId: string }
  /** Every time but the first; what was missed meanwhile comes by `sync`. */
  reconnected: { socketId: string }
  /** `willReconnect: false`: closed by the application, or refused for the reason in `error`. */
  disconnected: { reason: string; willReconnect: boolean; error?: CodedError }
}

export type EarshotEvents = { [E in ServerEventName]: ServerPayload<E> } & StateEvents

export const stateEventNames: ReadonlySet<string> = new Set<keyof StateEvents>([
  'connected',
  'reconnected',
  'disconnected',
])
