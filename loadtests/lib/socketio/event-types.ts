/**
 * Types of events from maps as `socket.io` itself takes them: `{ name: (payload, ack) => void }`. So a project that
 * types its server this way has its load test typed by the same lines.
 */

type Listener = (...args: never[]) => void

export type EventNames<Map> = keyof Map & string

/** The arguments of an event, its acknowledgement callback aside. */
export type EventArgs<F> = F extends (...args: infer A) => void ? WithoutAck<A> : never
type WithoutAck<A extends unknown[]> = A extends [...infer Head, infer Last]
  ? Last extends Listener
    ? Head
    : A
  : A

/** What an event is acknowledged with. */
export type EventAnswer<F> = F extends (...args: infer A) => void
  ? A extends [...unknown[], infer Last]
    ? Last extends (answer: infer Answer) => void
      ? Answer
      : never
    : never
  : never
