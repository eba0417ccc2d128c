/** What is read here of a JSON Schema: what the protocol's schemas and the OpenAPI of the routes use of it. */
export interface Schema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  patternProperties?: Record<string, Schema>
  items?: Schema
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  minimum?: number
  maximum?: number
  examples?: unknown[]
  'x-limit'?: string
}

/** Where only some values are taken. */
export function choicesOf(schema: Schema): unknown[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const]
}

/** Bytes: JSON Schema has no type for them. */
export function isBytes(schema: Schema): boolean {
  return schema.type === undefined && schema.anyOf === undefined && choicesOf(schema).length === 0
}

/** What fields of some names hold in samples, so that they mean something. */
export type Words = Record<string, unknown>

/**
 * A value that the schema accepts, with all that is optional but bytes (with them Socket.IO's client builds the payload
 * anew, and loses what it is to carry); of a union's branches the last.
 */
export function sampleOf(schema: Schema, words: Words = {}): unknown {
  const { anyOf, properties, patternProperties, items } = schema
  const [choice] = choicesOf(schema)
  if (choice !== undefined) return choice
  if (anyOf) return sampleOf(anyOf.at(-1) ?? {}, words)
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(properties ?? {})
        .filter(([, field]) => !isBytes(field))
        .map(([name, field]) => [name, words[name] ?? sampleOf(field, words)])
      const keyed = Object.values(patternProperties ?? {}).map((value) => ['a-key', sampleOf(value, words)])
      return Object.fromEntries([...fields, ...keyed])
    }
    case 'array':
      return Array.from({ length: Math.max(1, schema.minItems ?? 0) }, () => sampleOf(items ?? {}, words))
    case 'string':
      return schema.examples?.[0] ?? 'x'.repeat(Math.max(1, schema.minLength ?? 0))
    case 'integer':
    case 'number':
      return Math.min(Math.max(1, schema.minimum ?? 1), schema.maximum ?? 1)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return undefined
  }
}

export interface LimitedField {
  path: string[]
  schema: Schema
  /** The name in `GET /limits`. */
  limit: string
}

/** The fields that operators' limits bound. */
export function limitedFields(schema: Schema, path: string[] = []): LimitedField[] {
  const { 'x-limit': limit, anyOf = [], properties = {} } = schema
  return [
    ...(limit === undefined ? [] : [{ path, schema, limit }]),
    ...anyOf.flatMap((branch) => limitedFields(branch, path)),
    ...Object.entries(properties).flatMap(([name, field]) => limitedFields(field, [...path, name])),
  ]
}

/** Strings, numbers, lists and maps without an upper bound, by path; a schema must leave none. */
export function unbounded(schema: Schema, path = ''): string[] {
  const { anyOf, properties, patternProperties, items, type } = schema
  const bounds = { string: 'maxLength', integer: 'maximum', number: 'maximum', array: 'maxItems' } as const
  const bound = patternProperties ? 'maxProperties' : bounds[type as keyof typeof bounds]
  const isOpen =
    bound !== undefined &&
    choicesOf(schema).length === 0 &&
    schema[bound] === undefined &&
    schema['x-limit'] === undefined
  return [
    ...(isOpen ? [path] : []),
    ...(anyOf ?? []).flatMap((branch) => unbounded(branch, path)),
    ...Object.entries(properties ?? {}).flatMap(([name, field]) => unbounded(field, `${path}.${name}`)),
    ...Object.values(patternProperties ?? {}).flatMap((value) => unbounded(value, `${path}.*`)),
    ...(items ? unbounded(items, `${path}.0`) : []),
  ]
}
