/**
 * How surely the values of one sample are above those of another: z of the Mann-Whitney U test, with the correction for ties.
 * https://en.wikipedia.org/wiki/Mann–Whitney_U_test#Normal_approximation_and_tie_correction
 * Positive: `b` is above `a`; 0 when one is empty or all are equal. Pure.
 */
export function rankZ(a: readonly number[], b: readonly number[]): number {
  const all = [
    ...a.map((value) => ({ value, ofB: false })),
    ...b.map((value) => ({ value, ofB: true })),
  ].sort((x, y) => x.value - y.value)
  const total = all.length
  let ranksOfB = 0
  let ties = 0
  for (let from = 0; from < total; ) {
    let to = from + 1
    while (to < total && all[to]?.value === all[from]?.value) to++
    const rank = (from + 1 + to) / 2
    for (const { ofB } of all.slice(from, to)) if (ofB) ranksOfB += rank
    ties += (to - from) ** 3 - (to - from)
    from = to
  }
  const u = ranksOfB - (b.length * (b.length + 1)) / 2
  const variance = ((a.length * b.length) / 12) * (total + 1 - ties / (total * (total - 1)))
  return variance > 0 ? (u - (a.length * b.length) / 2) / Math.sqrt(variance) : 0
}
