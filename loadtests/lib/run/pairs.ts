/**
 * Pairs whose ends are on different nodes. Everybody is in a pair; when one node holds more than half of them, some
 * of the others are in several. On one node only, neighbours. Pure.
 */
export function pairsAcrossNodes<T extends { node: string }>(all: readonly T[]): [T, T][] {
  const groups = byNode(all)
  if (groups.length < 2) return neighbours(all)
  const pairs: [T, T][] = []
  for (;;) {
    const [largest, second] = groups.sort((a, b) => b.length - a.length)
    if (!largest || !second || second.length === 0) return [...pairs, ...leftOver(largest ?? [], pairs)]
    pairs.push([largest.pop() as T, second.pop() as T])
  }
}

/**
 * Those on a node that has got so many that the others' have to be shared by more than three, or all; nobody when there is no
 * such node.
 */
export function crowdedNode<T extends { node: string }>(all: readonly T[], nodes: number): T[] {
  if (nodes < 2 || all.length < 2) return []
  const [largest = []] = byNode(all).sort((a, b) => b.length - a.length)
  return largest.length > all.length * 0.75 ? largest : []
}

function byNode<T extends { node: string }>(all: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const here = groups.get(one.node)
    if (here) here.push(one)
    else groups.set(one.node, [one])
  }
  return [...groups.values()]
}

/** Those whom nobody is left for share a partner from elsewhere. */
function leftOver<T extends { node: string }>(rest: readonly T[], pairs: readonly [T, T][]): [T, T][] {
  return rest.flatMap((one, i) => {
    const [a, b] = pairs[i % pairs.length] ?? []
    const partner = a && a.node !== one.node ? a : b
    return partner ? [[one, partner] satisfies [T, T]] : []
  })
}

function neighbours<T>(all: readonly T[]): [T, T][] {
  const pairs: [T, T][] = []
  for (let i = 0; i + 1 < all.length; i += 2) pairs.push([all[i] as T, all[i + 1] as T])
  return pairs
}
