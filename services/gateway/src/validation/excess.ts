import { type Fault, unknownField } from './fault.ts'

/** What is read here of a schema. */
interface Node {
  type?: string
  properties?: Record<string, Node>
  patternProperties?: Record<string, Node>
  additionalProperties?: unknown
  items?: Node
  anyOf?: Node[]
  maxItems?: number
  maxProperties?: number
  'x-limit'?: string
}

/**
 * The first list or object that holds more than its schema lets it, before anything in it is looked at. TypeBox counts
 * last, and looks on after the first error: five megabytes of wrong items would hold up the node for seconds. What has
 * passed here is of a bounded size wherever TypeBox looks.
 */
export function excess(schema: Node, value: unknown, path: string[] = []): Fault | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (schema.anyOf) return excessOfUnion(schema.anyOf, value, path)
  if (Array.isArray(value)) return schema.type === 'array' ? excessOfList(schema, value, path) : undefined
  if (schema.type !== 'object') return undefined
  // Bytes have millions of keys and are nowhere an object.
  if (ArrayBuffer.isView(value)) return { path, problem: 'must be object', isOverLimit: false }
  return excessOfObject(schema, value as Record<string, unknown>, path)
}

/** Of the branches that take such a value at all, one without excess is enough. */
function excessOfUnion(branches: Node[], value: object, path: string[]): Fault | undefined {
  const type = Array.isArray(value) ? 'array' : 'object'
  const found = branches
    .filter((branch) => branch.anyOf !== undefined || branch.type === type)
    .map((branch) => excess(branch, value, path))
  return found.every(Boolean) ? found[0] : undefined
}

function excessOfList(schema: Node, list: unknown[], path: string[]): Fault | undefined {
  const { items, maxItems = Number.POSITIVE_INFINITY } = schema
  if (list.length > maxItems) return tooMany(schema, path, `must not have more than ${maxItems} items`)
  if (!items) return undefined
  return firstOf(list.entries(), ([index, item]) => excess(items, item, [...path, String(index)]))
}

function excessOfObject(schema: Node, object: Record<string, unknown>, path: string[]): Fault | undefined {
  const { properties = {}, patternProperties, maxProperties = Number.POSITIVE_INFINITY } = schema
  const keys = Object.keys(object)
  const isClosed = schema.additionalProperties === false
  if (patternProperties) {
    if (keys.length > maxProperties)
      return tooMany(schema, path, `must not have more than ${maxProperties} keys`)
    const [ofEach] = Object.values(patternProperties)
    return ofEach && firstOf(keys, (key) => excess(ofEach, object[key], [...path, key]))
  }
  return firstOf(keys, (key) => {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known) return excess(known, object[key], [...path, key])
    return isClosed ? { path: [...path, key], problem: unknownField, isOverLimit: false } : undefined
  })
}

function tooMany(schema: Node, path: string[], problem: string): Fault {
  return { path, problem, isOverLimit: schema['x-limit'] !== undefined }
}

function firstOf<T>(items: Iterable<T>, look: (item: T) => Fault | undefined): Fault | undefined {
  for (const item of items) {
    const fault = look(item)
    if (fault) return fault
  }
  return undefined
}
