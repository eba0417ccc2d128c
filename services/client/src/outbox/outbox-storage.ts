import type { ClientPayload } from '@earshot/protocol'

export type SendEvent = 'message' | 'voice_message' | 'group_message'

/** A message that the server has not acknowledged yet. */
export interface OutboxItem<E extends SendEvent = SendEvent> {
  /** The idempotency key: however often the item is sent, by whichever tab, it makes one message. */
  clientMessageId: string
  event: E
  payload: ClientPayload<E>
  /** Milliseconds since the epoch, by the sender's clock. */
  createdAt: number
}

/** Where what waits to be sent is kept. Items come back in the order in which they were put. */
export interface OutboxStorage {
  load(): Promise<OutboxItem[]>
  put(item: OutboxItem): Promise<void>
  remove(clientMessageId: string): Promise<void>
  /**
   * Where several clients of one user share it, e.g. the tabs of a browser: whether an item still waits. Another one may
   * have sent it or taken it back since.
   */
  has?(clientMessageId: string): Promise<boolean>
  /** Where several share it: runs one work for a conversation at a time, in whichever of them, so that order is kept. */
  exclusively?<T>(conversation: string, work: () => Promise<T>): Promise<T>
}

/** Keeps nothing beyond the program's end; what waits lives in the outbox itself. */
export const noStorage: OutboxStorage = {
  load: async () => [],
  put: async () => undefined,
  remove: async () => undefined,
}
