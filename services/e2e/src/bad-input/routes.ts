import { type Schema, sampleOf } from './schema.ts'

/** What a route takes, as its OpenAPI says. */
export interface Route {
  method: string
  /** With names in braces: `/group/{id}`. */
  path: string
  params: Record<string, Schema>
  query: Record<string, Schema>
  requiredQuery: string[]
  body?: Schema
}

interface OpenApi {
  paths: Record<string, Record<string, Operation>>
}

interface Operation {
  parameters?: { in: string; name: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema?: Schema }> }
}

export function routesOf({ paths }: OpenApi): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const schemas = (place: string) =>
        Object.fromEntries(
          parameters.filter((found) => found.in === place).map(({ name, schema }) => [name, schema]),
        )
      const body = requestBody?.content['application/json']?.schema
      return {
        method: method.toUpperCase(),
        path,
        params: schemas('path'),
        query: schemas('query'),
        requiredQuery: parameters
          .filter((found) => found.in === 'query' && found.required)
          .map(({ name }) => name),
        ...(body && { body }),
      }
    }),
  )
}

/** The URL of a request that fits, but for what is said otherwise. Query values that are lists come several times. */
export function urlOf(
  route: Route,
  {
    params = {},
    query = {},
  }: { params?: Record<string, string>; query?: Record<string, string | string[]> } = {},
): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'x')
  const search = new URLSearchParams()
  for (const name of route.requiredQuery) {
    if (!(name in query)) search.set(name, String(sampleOf(route.query[name] ?? {})))
  }
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) search.append(name, value)
  }
  return search.size === 0 ? path : `${path}?${search}`
}
