/** Whether a length that somebody says (seconds) is the measured one, as nearly as clocks of recorders are. */
export function isAbout(said: number, measured: number): boolean {
  return Math.abs(said - measured) <= Math.max(1, measured / 50)
}

/** The length that a message says: the sender's word where it is true, else what was measured. Seconds. */
export function truthfulDuration(said: number, measured: number | undefined): number {
  return measured === undefined || isAbout(said, measured) ? said : Math.round(measured * 100) / 100
}
