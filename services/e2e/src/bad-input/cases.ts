import { Value } from 'typebox/value'
import { isBytes, type Schema, sampleOf, type Words } from './schema.ts'
import { type BadValue, bytes, kinds, nested, operators, outOfBounds } from './values.ts'
import type { Expected } from './verdict.ts'

/** A payload with one thing wrong, and the answer that it must get. */
export interface BadCase extends Expected {
  payload: unknown
}

/** Where in a payload something is put; returns the whole payload. */
type Put = (value: unknown) => unknown

const fieldMaxChars = 200
const unknownKeys = ['unknown', '$where', '__proto__', 'constructor', 'prototype', '', 'x'.repeat(300)]

const badMapKeys = ['', '$ne', '__proto__', 'constructor', 'prototype', '\0', '\ud800', 'x'.repeat(10_000)]

export interface CaseOptions {
  /** Of what is nested deeply. */
  levels: number
  words?: Words
  /** Whether the way there carries bytes. */
  hasBytes?: boolean
}

/** Everything that can be wrong with one thing in a payload of this schema, at every place in it. */
export function badCases(schema: Schema, { levels, words = {}, hasBytes = false }: CaseOptions): BadCase[] {
  const ofAnyPlace = [...operators, ...nested(levels)]
  return at(schema, [], (value) => value)

  function at(schema: Schema, path: string[], put: Put): BadCase[] {
    const branches = schema.anyOf ?? [schema]
    // A number that JSON has not arrives as null.
    const accepts = (value: unknown) =>
      !isBytes(schema) && Value.Check(schema as never, Number.isNaN(value) ? null : value)
    // What one branch of a union refuses another may take. What is only out of bounds must be refused by all schemas.
    const values = [
      ...kinds.filter(({ value }) => !accepts(value)),
      ...branches.flatMap(outOfBounds).filter(({ value }) => !schema.anyOf || !accepts(value)),
      ...ofAnyPlace,
      ...(hasBytes && !isBytes(schema) ? [bytes] : []),
    ]
    return [
      ...values.map((bad) => toCase(bad, path, put)),
      ...branches.flatMap((branch) => inside(branch, path, put)),
    ]
  }

  function inside(schema: Schema, path: string[], put: Put): BadCase[] {
    const { properties, patternProperties, items } = schema
    if (patternProperties) return insideMap(Object.values(patternProperties), path, put)
    if (items) return at(items, [...path, '0'], (value) => put([value]))
    if (!properties) return []
    const whole = sampleOf(schema, words) as Record<string, unknown>
    const missing = (schema.required ?? []).map((name) => {
      const { [name]: _, ...rest } = whole
      return toCase({ what: 'missing', value: undefined }, [...path, name], () => put(rest))
    })
    const one = { what: 'an unknown field', value: 1 }
    const unknown = [
      ...unknownKeys.map((key) => ({ key, bad: one })),
      ...ofAnyPlace.map((bad) => ({ key: 'unknown', bad: { ...bad, within: false } })),
    ].map(({ key, bad }) => toCase(bad, [...path, key], (value) => put(withKey(whole, key, value))))
    const fields = Object.entries(properties).flatMap(([name, field]) =>
      at(field, [...path, name], (value) => put({ ...whole, [name]: value })),
    )
    return [...missing, ...unknown, ...fields]
  }

  function insideMap(values: Schema[], path: string[], put: Put): BadCase[] {
    const [schema = {}] = values
    const badKeys = badMapKeys.map((key) =>
      toCase({ what: 'a key', value: sampleOf(schema) }, [...path, key], (value) =>
        put(withKey({}, key, value)),
      ),
    )
    return [...badKeys, ...at(schema, [...path, 'a-key'], (value) => put({ 'a-key': value }))]
  }
}

function toCase(
  { what, value, within = false, overLimit = false }: BadValue,
  path: string[],
  put: Put,
): BadCase {
  return {
    what: `${path.map((key) => key.slice(0, 20)).join('.')}: ${what}`,
    payload: put(value),
    code: overLimit ? 'TOO_LARGE' : 'BAD_REQUEST',
    field: path.length === 0 ? undefined : path.join('.').slice(0, fieldMaxChars),
    within,
  }
}

/** Also where an assignment would set the prototype. */
function withKey(object: object, key: string, value: unknown): object {
  return Object.defineProperty({ ...object }, key, { value, enumerable: true })
}
