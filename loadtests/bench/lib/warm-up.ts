import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import type { Contestant } from './contest.ts'
import { checkWhole } from './contest-table.ts'
import { count } from './settings.ts'

/** As many as can be had of who cannot do so many. */
const perSecond = 4_000
const unfinished = 500

/**
 * Everybody's people talk for a while. V8 compiles bit by bit what is run often, on threads beside the program's: with Earshot that is
 * a third of its CPU time in the first seconds of talk, and a tenth still after twenty thousand messages. What is measured is
 * what a message costs a server that has run for a minute, not one that was started just now.
 * `WARM_UP`: messages a node (30,000).
 */
export async function warmUp(box: Toolbox, contestants: readonly Contestant[]): Promise<void> {
  const perNode = count('WARM_UP', 30_000)
  for (const { name, nodes, crowd } of contestants) {
    const order = {
      kind: 'text',
      messages: 2 * Math.ceil((perNode * nodes) / 2),
      perSecond,
      unfinished,
    } as const
    await box.reporter.step(`${name}: ${order.messages} messages for the compilers`, async () =>
      checkWhole(await crowd.talk(order)),
    )
  }
}
