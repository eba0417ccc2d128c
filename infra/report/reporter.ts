/** How the commands and servers tell a person what happens. */
export interface Reporter {
  /** A line that stays. */
  say(text: string): void
  /** Something that may take long: shown with the seconds while it lasts. */
  step<T>(what: string, work: () => Promise<T>): Promise<T>
  /** A line of a process's own log. */
  log(role: string, line: string): void
}

/** For tests and benchmarks, which have their own way to report. */
export const silent: Reporter = {
  say: () => undefined,
  step: (_what, work) => work(),
  log: () => undefined,
}
