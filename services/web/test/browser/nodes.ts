import { until } from './page-actions.ts'
import type { Node, Stage } from './stage.ts'

/** How many people each node holds, as it says itself. */
export function socketsOf(nodes: readonly Node[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async ({ port }) => {
      const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
      return Number(/^earshot_sockets(?:\{.*\})? (\d+)/m.exec(metrics)?.[1] ?? 0)
    }),
  )
}

/** The node that the balancer has put Ann on: the one that gains a person when her wire, cut before, is mended. */
export async function nodeOfAnn({ ann, wire, nodes, present }: Stage): Promise<Node | undefined> {
  const socketsOnceThereAre = async (people: number) => {
    let sockets: number[] = []
    await until(ann.page, async () => {
      sockets = await socketsOf(nodes)
      return sockets.reduce((sum, each) => sum + each, 0) === people
    })
    return sockets
  }
  await socketsOnceThereAre(present())
  wire.cut()
  const without = await socketsOnceThereAre(present() - 1)
  wire.mend()
  const withHer = await socketsOnceThereAre(present())
  return nodes.find((_node, index) => (withHer[index] ?? 0) > (without[index] ?? 0))
}
