/** What a judge may find wrong with the messages. */
export const faults = {
  lost: 'Acknowledged, and yet a receiver never got it, not even by asking; or not in the history.',
  doubled: 'The same message twice, live or in the history.',
  reordered: "One sender's messages over one connection, live, in another order than they were sent.",
  leaked: 'Heard by a device that it was not for.',
  altered: 'Another content or another sender than was sent.',
  misnumbered: '`seq` that is used twice, has holes, or contradicts the order of sending.',
  missed_live: 'Not delivered by itself; only asking brought it.',
  refused: 'Answered with an error.',
  unanswered: 'Never acknowledged.',
} as const

export type Fault = keyof typeof faults
export const faultNames = Object.keys(faults) as Fault[]

/** Where a judge reports as it goes: metrics, a log, a test. Times are milliseconds. */
export interface JudgeSink {
  sent(): void
  acked(tookMs: number): void
  /** Arrived live at one receiver, for the first time. */
  delivered(tookMs: number): void
  /** A copy after a retry, or live after it was asked for: allowed, receivers know it by its `seq`. */
  repeated(): void
  /** Live, before another sender's message with a lower `seq`: allowed, receivers sort by `seq`. */
  overtaken(): void
  fault(fault: Fault, detail: string): void
}
