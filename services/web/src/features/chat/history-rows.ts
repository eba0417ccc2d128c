import type { Message } from '@earshot/protocol'
import type { Outgoing } from './chat-state.ts'

/** A line of the history: what was said, or what is on its way. */
export type HistoryRow =
  | { message: Message; outgoing?: undefined }
  | { outgoing: Outgoing; message?: undefined }

/** Messages are never changed, so each keeps its row. */
const known = new WeakMap<Message, HistoryRow>()

export function rowsOf(messages: readonly Message[], outgoing: readonly Outgoing[]): HistoryRow[] {
  const said = messages.map((message) => {
    const row = known.get(message) ?? { message }
    known.set(message, row)
    return row
  })
  return [...said, ...outgoing.map((item) => ({ outgoing: item }))]
}

/** One's own message keeps its place and its element when the server has it. */
export function rowKey({ message, outgoing }: HistoryRow): string {
  return message ? (message.clientMessageId ?? message._id) : outgoing.clientMessageId
}
