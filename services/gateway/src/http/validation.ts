import { CodedError } from '@earshot/protocol'
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { compileCheck } from '../validation/check.ts'

const parts: Record<string, string> = {
  body: 'The body',
  querystring: 'The query',
  params: 'The path',
  headers: 'The header',
}

/** Checks requests as events are checked. What comes as text becomes a number or a flag where the schema has one. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const check = compileCheck(schema, parts[httpPart] ?? 'The request')
  const read = httpPart === 'body' ? (value: unknown) => value : textReader(schema)
  return (value: unknown) => {
    const converted = read(value)
    try {
      check(converted)
    } catch (error) {
      if (error instanceof CodedError) return { error }
      throw error
    }
    return { value: converted }
  }
}

/** Only what is written as such: `1`, not `1e0`, `true`, `0x1` or nothing. The rest stays text, for the check to refuse. */
function textReader(schema: TSchema): (value: unknown) => unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> }
  const isOther = Object.values(properties).some(({ type }) => type === 'integer' || type === 'boolean')
  // Of most routes, and of a poll: nothing is made anew.
  if (!isOther) return (value) => value ?? {}
  return (value) =>
    Object.fromEntries(
      Object.entries(value ?? {}).map(([name, text]) => {
        const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
        if (type === 'integer' && /^-?\d{1,20}$/.test(text)) return [name, Number(text)]
        if (type === 'boolean' && /^(true|false)$/.test(text)) return [name, text === 'true']
        return [name, text]
      }),
    )
}
