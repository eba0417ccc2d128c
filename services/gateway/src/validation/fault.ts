import type { TSchema } from 'typebox'
import type { TLocalizedValidationError } from 'typebox/error'

/** What is wrong with a payload, and where. */
export interface Fault {
  /** From the payload down; empty for the payload as a whole. */
  path: string[]
  /** Goes on from the field's name: `must be string`. */
  problem: string
  /** Over a limit that operators set and `GET /limits` publishes. */
  isOverLimit: boolean
}

export const unknownField = 'is not known here'

const overKeywords = new Set(['maxLength', 'maxItems', 'maxProperties', 'maximum'])

/** Of all that TypeBox found, one: the deepest. Of a union every branch complains, the one that was meant goes deepest. */
export function faultOf(errors: TLocalizedValidationError[], schema: TSchema): Fault {
  const faults = errors.map((error) => toFault(error, schema))
  const deepest = Math.max(0, ...faults.map(({ path }) => path.length))
  return (
    faults.find(({ path }) => path.length === deepest) ?? {
      path: [],
      problem: 'is not valid',
      isOverLimit: false,
    }
  )
}

function toFault(error: TLocalizedValidationError, schema: TSchema): Fault {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const params = error.params as { requiredProperties?: string[]; additionalProperties?: string[] }
  const missing = params.requiredProperties?.[0]
  const extra = params.additionalProperties?.[0]
  if (missing !== undefined) return { path: [...path, missing], problem: 'is missing', isOverLimit: false }
  if (extra !== undefined) return { path: [...path, extra], problem: unknownField, isOverLimit: false }
  if (error.keyword === 'boolean') return { path, problem: unknownField, isOverLimit: false }
  const isOverLimit = overKeywords.has(error.keyword) && hasLimit(schema, error.schemaPath)
  return { path, problem: error.message, isOverLimit }
}

/** Whether the part of the schema that `#/a/b` names is marked with `x-limit`. */
function hasLimit(schema: unknown, pointer: string): boolean {
  let node = schema as Record<string, unknown>
  let rest = pointer.slice(2)
  while (rest !== '') {
    // Keys that are patterns may have slashes.
    const key = Object.keys(node).find((key) => rest === key || rest.startsWith(`${key}/`))
    if (key === undefined) return false
    node = node[key] as Record<string, unknown>
    rest = rest.slice(key.length + 1)
  }
  return 'x-limit' in node
}
