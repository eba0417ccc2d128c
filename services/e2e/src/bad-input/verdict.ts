import type { ErrorCode, WireError } from '@earshot/protocol'

/** The answer that a bad input must get. */
export interface Expected {
  what: string
  code: ErrorCode
  /** Dotted path; `undefined` for the whole. */
  field: string | undefined
  /** A field below is as good an answer. */
  within: boolean
}

/** What no answer may tell: stacks, queries, addresses and names of machines, of stores and of their parts. */
const telling =
  /\n|\bat .+:\d+|node_modules|file:|\/services\/|mongo|redis|postgres|ferret|bson|E11000|127\.0\.0\.1|localhost/i

/** What is wrong with the answer to a bad case; `undefined` for nothing. */
export function complaint(expected: Expected, error: WireError | undefined): string | undefined {
  if (!error) return `${expected.what}: was accepted`
  const { code, field, message } = error
  const answer = `${expected.what}: ${code} ${field} ${message.slice(0, 200)}`
  if (code !== expected.code) return answer
  const isThere = field === expected.field
  const isBelow = expected.field === undefined || field?.startsWith(`${expected.field}.`)
  if (!isThere && !(expected.within && isBelow)) return answer
  if (telling.test(message) || message.length > 500) return `${answer}: tells too much`
  return undefined
}
