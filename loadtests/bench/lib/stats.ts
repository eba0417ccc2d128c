/** The middle value; of an even number the mean of the two in the middle. Pure. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const upper = sorted[Math.floor(half)]
  if (upper === undefined) throw new RangeError('the median of nothing')
  return Number.isInteger(half) ? (upper + (sorted[half - 1] ?? upper)) / 2 : upper
}

/** Lowest and highest. Pure. */
export function range(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)]
}

/** The least value that so many of a hundred do not exceed (nearest rank). Pure. */
export function percentile(values: Float64Array, percent: number): number {
  const sorted = values.toSorted()
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]
  if (value === undefined) throw new RangeError('a percentile of nothing')
  return value
}

/** Pair by pair, the first less the second; as many as both have. Pure. */
export function differences(values: readonly number[], less: readonly number[]): number[] {
  return values.slice(0, less.length).map((value, i) => value - (less[i] ?? Number.NaN))
}
