import type { ErrorCode } from '@earshot/protocol'
import { badCases } from './cases.ts'
import { type Route, urlOf } from './routes.ts'
import { type Schema, sampleOf } from './schema.ts'
import type { Expected } from './verdict.ts'

/** A request with one thing wrong, and the answer that it must get. */
export interface BadRequest extends Expected {
  url: string
  init: RequestInit
}

const json = { 'content-type': 'application/json' }

/** Everything that can be wrong with one thing in the path, the query or the body of a route. */
export function badRequests(route: Route, { levels }: { levels: number }): BadRequest[] {
  const good = route.body && JSON.stringify(sampleOf(route.body))
  const init = { method: route.method, ...(good !== undefined && { body: good, headers: json }) }
  const toRequest = (what: string, url: string, field: string | undefined): BadRequest => {
    return { what, url, init, code: 'BAD_REQUEST', field, within: false }
  }
  return [
    ...Object.entries(route.params).flatMap(([name, schema]) =>
      badTexts(schema, encodeURIComponent).map(({ what, text }) =>
        toRequest(`${name} in the path: ${what}`, urlOf(route, { params: { [name]: text } }), name),
      ),
    ),
    ...(Object.keys(route.params).length > 0
      ? [toRequest('half an escape', urlOf(route).replace('/x', '/%zz'), undefined)]
      : []),
    ...badQueries(route, toRequest),
    ...badBodies(route, levels),
  ]
}

function badQueries(
  route: Route,
  toRequest: (what: string, url: string, field: string) => BadRequest,
): BadRequest[] {
  const names = Object.keys(route.query)
  if (names.length === 0) return []
  const unknown = ['unknown', '__proto__', 'constructor', ...names.map((name) => `${name}[$ne]`)]
  return [
    ...unknown.map((name) => toRequest('an unknown name', urlOf(route, { query: { [name]: '1' } }), name)),
    ...Object.entries(route.query).flatMap(([name, schema]) => {
      const sample = String(sampleOf(schema))
      const twice = urlOf(route, { query: { [name]: [sample, sample] } })
      return [
        toRequest(`${name} twice`, twice, name),
        ...badTexts(schema).map(({ what, text }) =>
          toRequest(`${name}: ${what}`, urlOf(route, { query: { [name]: text } }), name),
        ),
      ]
    }),
    ...route.requiredQuery.map((name) =>
      toRequest(`${name}: missing`, urlOf({ ...route, requiredQuery: [] }), name),
    ),
  ]
}

/** What does not fit where everything is text. */
function badTexts(
  schema: Schema,
  encode: (text: string) => string = (text) => text,
): { what: string; text: string }[] {
  const { type, minimum = Number.NEGATIVE_INFINITY, maxLength = Number.POSITIVE_INFINITY } = schema
  if (type === 'integer') {
    const texts = ['x', '', '1.5', '1e9', '0x10', 'true', 'null', ' 1', '9007199254740993', '9'.repeat(30)]
    if (minimum > -1) texts.push('-1')
    return texts.map((text) => ({ what: JSON.stringify(text), text: encode(text) }))
  }
  return [
    { what: 'a NUL', text: encode('x\0') },
    ...(maxLength < 10_000 ? [{ what: 'too long', text: encode('x'.repeat(maxLength + 1)) }] : []),
  ]
}

function badBodies(route: Route, levels: number): BadRequest[] {
  const { method, body: schema } = route
  if (!schema) return []
  const url = urlOf(route)
  const good = JSON.stringify(sampleOf(schema))
  const whole = (
    what: string,
    body: string,
    headers: Record<string, string>,
    code: ErrorCode,
  ): BadRequest => {
    return { what, url, init: { method, headers, body }, code, field: undefined, within: false }
  }
  return [
    ...badCases(schema, { levels }).map(({ payload, ...expected }) => ({
      ...expected,
      url,
      init: { method, headers: json, body: JSON.stringify(payload) },
    })),
    whole('no JSON', '{', json, 'BAD_REQUEST'),
    whole('JSON and more', `${good}x`, json, 'BAD_REQUEST'),
    whole('an empty body', '', json, 'BAD_REQUEST'),
    whole('brackets without end', '['.repeat(100_000), json, 'BAD_REQUEST'),
    whole('too long a body', `"${'x'.repeat(1_100_000)}"`, json, 'TOO_LARGE'),
    ...[
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'nonsense',
      'application/json5',
    ].map((type) => whole(`a body of type ${type}`, good, { 'content-type': type }, 'UNSUPPORTED_MEDIA')),
  ]
}
