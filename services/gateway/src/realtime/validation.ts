import { CodedError } from '@earshot/protocol'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TValidationError } from 'typebox/error'

/** Checks a payload against its schema, compiled once. @throws {CodedError} `BAD_REQUEST` naming the field */
export type Check = (payload: unknown) => void

export function compileCheck(schema: TSchema): Check {
  const validator = Compile(schema)
  return (payload) => {
    if (validator.Check(payload)) return
    const [error] = validator.Errors(payload)
    const field = error && fieldOf(error)
    const message = field ? `${field} ${error?.message}.` : `The payload ${error?.message ?? 'is not valid'}.`
    throw new CodedError('BAD_REQUEST', message, { field })
  }
}

/** The path of the field that an error is about, e.g. `voiceMessage.url`; empty for the payload as a whole. */
export function fieldOf(
  error: Pick<TValidationError, 'instancePath' | 'keyword' | 'params'>,
): string | undefined {
  const path = error.instancePath.split('/').slice(1)
  const params = error.params as { requiredProperties?: string[]; additionalProperties?: string[] }
  const named = params.requiredProperties?.[0] ?? params.additionalProperties?.[0]
  if (typeof named === 'string') path.push(named)
  return path.length === 0 ? undefined : path.join('.').slice(0, 200)
}
