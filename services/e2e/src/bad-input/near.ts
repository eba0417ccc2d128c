import fc from 'fast-check'
import { choicesOf, type Schema } from './schema.ts'

/** Any text, also what is none: halves of characters, control characters, words of databases and of JavaScript. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\0',
    '\ud800',
    '$ne',
    '__proto__',
    'constructor',
    '../..',
    'dm:',
    'dm:a:b',
    '%00',
    '👍',
    '{}',
  ),
)

/** Any JSON, a word of a database among it. */
export const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>({ $ne: 1 }, { $gt: '' }, [[]], Number.MAX_VALUE, -1, 1.5),
)

/**
 * Mostly what the schema says, with the odd thing wrong or missing: so that it gets past the first check.
 * @param words texts that mean something, e.g. ids of what there is
 */
export function near(schema: Schema, words: string[]): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: fitting(schema, words) }, { weight: 1, arbitrary: anyJson })
}

function fitting(schema: Schema, words: string[]): fc.Arbitrary<unknown> {
  const choices = choicesOf(schema)
  if (choices.length > 0) return fc.constantFrom(...choices)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((branch) => near(branch, words)))
  switch (schema.type) {
    case 'object':
      return object(schema, words)
    case 'array':
      return fc.array(near(schema.items ?? {}, words), { maxLength: 4 })
    case 'string':
      return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: anyText })
    case 'integer':
      return fc.oneof(fc.integer({ min: -1, max: 5 }), fc.maxSafeInteger())
    case 'number':
      return fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double())
    case 'boolean':
      return fc.boolean()
    default:
      return fc.oneof(anyJson, fc.uint8Array({ maxLength: 40 }).map(Buffer.from))
  }
}

function object(schema: Schema, words: string[]): fc.Arbitrary<unknown> {
  const { properties = {}, patternProperties, required = [] } = schema
  const [ofEach] = Object.values(patternProperties ?? {})
  if (ofEach) {
    const key = fc.oneof(fc.constantFrom(...words), anyText)
    return fc.dictionary(key, near(ofEach, words), { maxKeys: 5 })
  }
  const fields = Object.entries(properties).map(([name, field]) => {
    const value = near(field, words)
    // Left out: JSON has no undefined.
    const optional = fc.option(value, { nil: undefined, freq: required.includes(name) ? 50 : 2 })
    return [name, optional]
  })
  return fc.record(Object.fromEntries(fields))
}
