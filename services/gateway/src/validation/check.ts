import { CodedError } from '@earshot/protocol'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { excess } from './excess.ts'
import { type Fault, faultOf } from './fault.ts'

/**
 * Checks a value against its schema, compiled once.
 * @throws {CodedError} `BAD_REQUEST`, or `TOO_LARGE` over a published limit; each names the field
 */
export type Check = (value: unknown) => void

const fieldMaxChars = 200

/** @param whole what the value as a whole is called, e.g. `The payload` */
export function compileCheck(schema: TSchema, whole: string): Check {
  const validator = Compile(schema)
  return (value) => {
    const tooMuch = excess(schema, value)
    if (tooMuch) throw refusal(tooMuch, whole)
    if (!validator.Check(value)) throw refusal(faultOf(validator.Errors(value), schema), whole)
  }
}

function refusal({ path, problem, isOverLimit }: Fault, whole: string): CodedError {
  const field = path.length === 0 ? undefined : path.join('.').slice(0, fieldMaxChars)
  return new CodedError(isOverLimit ? 'TOO_LARGE' : 'BAD_REQUEST', `${field ?? whole} ${problem}.`, { field })
}
