export interface RateSearch {
  /** The first rate that is tried, a second. */
  from: number
  /** No higher one is tried. */
  most: number
  /** A rate that is tried is a multiple of it. */
  step: number
  probeS: number
  /** How long the rate that is found must hold. */
  holdS: number
}

/** Between a rate that holds and one that does not, this often the middle is tried. */
const halvings = 2
/** What held for a short time only is lowered by so much, so often. */
const lowered = 0.85
const lowerings = 8

/**
 * The highest rate that holds: doubled until one does not, narrowed down by short probes, then held; 0 when none does.
 * @param holds tries a rate for so many seconds
 */
export async function highestRate(
  holds: (rate: number, seconds: number) => Promise<boolean>,
  { from, most, step, probeS, holdS }: RateSearch,
): Promise<number> {
  const rounded = (rate: number) => Math.max(step, Math.round(rate / step) * step)
  let [low, high] = [0, Number.POSITIVE_INFINITY]
  for (let rate = rounded(from); rate > low && rate < high; ) {
    if (await holds(rate, probeS)) low = rate
    else high = rate
    if (high === Number.POSITIVE_INFINITY) rate = Math.min(most, rate * 2)
    else if (low === 0 && rate > step) rate = rounded(rate / 2)
  }
  for (let i = 0; i < halvings && high !== Number.POSITIVE_INFINITY && low > 0; i++) {
    const middle = rounded(Math.sqrt(low * high))
    if (middle <= low || middle >= high) break
    if (await holds(middle, probeS)) low = middle
    else high = middle
  }
  for (let i = 0; i < lowerings && low > 0; i++) {
    if (await holds(low, holdS)) return low
    low = low > step ? rounded(Math.min(low * lowered, low - step)) : 0
  }
  return 0
}
