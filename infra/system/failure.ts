/**
 * Something a person can understand and mend: a port in use, a missing tool, a failed build. It is said in one
 * sentence, without a stack trace, and the program exits with 1. Any other error is a mistake of ours.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** The start was called off (Ctrl-C, `make down`): nothing went wrong, nothing is said. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Whether an error of Node's has this code: `hasCode(error, 'ENOENT')`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
