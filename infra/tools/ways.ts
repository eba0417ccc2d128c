import { Failure } from '../system/failure.ts'

/** Why a way to get a tool is not open on this machine, as the end of a sentence: "no mongod on the PATH". */
export class NotThisWay {
  readonly why: string

  constructor(why: string) {
    this.why = why
  }
}

export type Way<T> = () => Promise<T | NotThisWay>

/** The first way that leads to the tool, with the reasons why those before it did not. */
export async function firstWay<T>(
  what: string,
  remedy: string,
  ways: readonly Way<T>[],
): Promise<{ tool: T; because: string[] }> {
  const because: string[] = []
  for (const way of ways) {
    const tool = await way()
    if (!(tool instanceof NotThisWay)) return { tool, because }
    // Two ways may fail for the same reason.
    if (!because.includes(tool.why)) because.push(tool.why)
  }
  throw new Failure(`${what} cannot be had on this machine: ${because.join('; ')}. ${remedy}`)
}

/** For one attempt a program, whoever asks: two servers of one kind install it once. */
export function once<A extends unknown[], T>(get: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  let result: Promise<T> | undefined
  return (...args) => {
    result ??= get(...args).catch((error) => {
      result = undefined
      throw error
    })
    return result
  }
}
