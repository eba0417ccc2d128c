/** Settings of a run, from the environment (`k6 run -e NAME=value`, or the process's own). */

/** `ci` takes each setting's small value where it has one: every scenario in half a minute. */
const size = oneOf('SIZE', ['full', 'ci'])

/**
 * How long things may take. `loose` is for a machine that others use too, or a slow one: what is judged then is what the
 * cluster does, and hardly how soon.
 */
const limits = oneOf('LIMITS', size === 'ci' ? ['loose', 'tight'] : ['tight', 'loose'])

/** What this run's settings are, by name: the report says them. */
export const settings: Record<string, number | string> = { SIZE: size, LIMITS: limits }

/**
 * A whole number.
 * @param otherwise when it is not set; `ci` when SIZE=ci
 * @throws {Error} naming the variable
 */
export function whole(
  name: string,
  otherwise: number,
  { least = 1, most = 10_000_000, ci = otherwise } = {},
): number {
  const text = __ENV[name]
  const value = text === undefined || text === '' ? (size === 'ci' ? ci : otherwise) : Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(`${name} is "${text ?? value}", but must be a whole number from ${least} to ${most}.`)
  settings[name] = value
  return value
}

/** A limit of time, milliseconds: `loose` where LIMITS says so. @throws {Error} naming the variable */
export function limit(name: string, tight: number, { loose }: { loose: number }): number {
  return whole(name, limits === 'loose' ? loose : tight)
}

function oneOf(name: string, values: [string, ...string[]]): string {
  const text = __ENV[name] || values[0]
  if (values.includes(text)) return text
  throw new Error(`${name} is "${text}", but must be ${values.join(' or ')}.`)
}

function address(name: string, otherwise: string): string {
  const text = __ENV[name] || otherwise
  if (/^https?:\/\/[^/\s]+/.test(text)) return text.replace(/\/+$/, '')
  throw new Error(`${name} is "${text}", but must be an address that begins with http:// or https://.`)
}

/** Milliseconds that an answer may take: being connected, an acknowledgement. */
export const answerMs = limit('ANSWER_MS', 20_000, { loose: 60_000 })

/** Where the cluster is, without a slash at the end. */
export const target = address('TARGET', 'http://127.0.0.1:3000')

/** The secret that the cluster verifies tokens with. */
export const jwtSecret = __ENV.JWT_SECRET ?? ''

/** Nodes that the cluster should have; 1 switches the check of pairs across nodes off. */
export const nodes = whole('NODES', 2, { most: 1_000 })
