/** Settings of a run, from the environment (`k6 run -e NAME=value`, or the process's own). */

/** @throws {Error} naming the variable */
export function whole(name: string, otherwise: number, { least = 1, most = 10_000_000 } = {}): number {
  const text = __ENV[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${name} is "${text}", but must be a whole number from ${least} to ${most}.`)
}

/** Where the cluster is, without a slash at the end. */
export const target = (__ENV.TARGET || 'http://127.0.0.1:3000').replace(/\/+$/, '')

/** The secret that the cluster verifies tokens with. */
export const jwtSecret = __ENV.JWT_SECRET ?? ''

/** Nodes that the cluster should have; 1 switches the check of pairs across nodes off. */
export const nodes = whole('NODES', 2, { most: 1_000 })
