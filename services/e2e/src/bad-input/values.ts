import { choicesOf, isBytes, type Schema, sampleOf } from './schema.ts'

export interface BadValue {
  what: string
  value: unknown
  /** What is wrong may be inside the value, so that a field below is as good an answer. */
  within?: boolean
  /** Over a limit that `GET /limits` publishes. */
  overLimit?: boolean
}

/** One of each kind that JSON knows. Some of them the schema may accept. */
export const kinds: BadValue[] = [
  { what: 'null', value: null },
  { what: 'a boolean', value: true },
  { what: 'a number', value: 7 },
  { what: 'a number that JSON has not', value: Number.NaN },
  { what: 'a string', value: 'no such choice' },
  { what: 'a list', value: [], within: true },
  { what: 'a list of lists', value: [[]], within: true },
  { what: 'an object', value: {}, within: true },
]

export const bytes: BadValue = { what: 'bytes', value: Buffer.from('bytes') }

/** What a careless server would hand to its database. No schema may accept it. */
export const operators: BadValue[] = [
  { $ne: 1 },
  { $gt: '' },
  { $where: '1' },
  { $regex: '.*' },
  ['$ne', 1],
].map((value) => ({ what: JSON.stringify(value), value, within: true }))

/** @param levels as many as the way there survives */
export function nested(levels: number): BadValue[] {
  let list: unknown = 1
  let object: unknown = 1
  for (let level = 0; level < levels; level++) {
    list = [list]
    object = { a: object }
  }
  return [
    { what: `lists ${levels} deep`, value: list, within: true },
    { what: `objects ${levels} deep`, value: object, within: true },
  ]
}

/** Beyond the bounds that the schema sets. */
export function outOfBounds(schema: Schema): BadValue[] {
  if (choicesOf(schema).length > 0) return []
  const overLimit = schema['x-limit'] !== undefined
  const sample = sampleOf(schema)
  const over = (what: string, bound: number | undefined, value: (bound: number) => unknown): BadValue[] =>
    bound === undefined ? [] : [{ what, value: value(bound), overLimit }]
  switch (schema.type) {
    case 'string':
      return [
        ...over('too long a string', schema.maxLength, (most) => 'x'.repeat(most + 1)),
        ...(schema.minLength ? [{ what: 'an empty string', value: '' }] : []),
        { what: 'a NUL', value: `x\0${sample}` },
        { what: 'half a character', value: `x\ud800${sample}` },
      ]
    case 'integer':
    case 'number':
      return [
        ...over('too large a number', schema.maximum, (most) => most + 1),
        { what: 'a huge number', value: 1e300, overLimit },
        { what: 'too small a number', value: (schema.minimum ?? 0) - 1 },
        { what: 'a hugely negative number', value: -1e300 },
        ...(schema.type === 'integer' ? [{ what: 'a broken number', value: 1.5 }] : []),
      ]
    case 'array':
      return [
        ...over('too many items', schema.maxItems, (most) =>
          Array.from({ length: most + 1 }, () => sampleOf(schema.items ?? {})),
        ),
        ...(schema.minItems ? [{ what: 'too few items', value: [] }] : []),
      ]
    case 'object':
      return over('too many keys', schema.maxProperties, (most) => manyKeys(most + 1, schema))
    default:
      return isBytes(schema) ? kinds : []
  }
}

function manyKeys(count: number, { patternProperties = {} }: Schema): object {
  const value = sampleOf(Object.values(patternProperties)[0] ?? {})
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, value]))
}
