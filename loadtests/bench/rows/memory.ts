import { setTimeout as wait } from 'node:timers/promises'
import { type Contestant, names, nodes, withContestants } from '../lib/contest.ts'
import { ratio } from '../lib/contest-table.ts'
import type { Row } from '../lib/row.ts'
import { count } from '../lib/settings.ts'

/** For the compilers, and for what a node allocates once: so many come and stay before anything is measured. */
const firstComers = 500
/** Until a collection is over, and its pages given back. */
const settleMs = 3_000
const collections = 2
const collector = new URL('../lib/collect-on-signal.ts', import.meta.url).href

interface Held {
  /** Of all gateways, bytes. */
  asItIs: number
  collected: number
}

/** What a user costs a gateway by being there. */
export const memory: Row = {
  name: 'memory',
  asks: 'How much resident memory does an idle, authenticated socket take on a gateway?',
  async run(box) {
    const sockets = count('SOCKETS', 4_000)
    const env = { PRESENCE_BROADCAST: 'false', NODE_OPTIONS: `--expose-gc --import=${collector}` }
    return withContestants(box, ['plain', 'earshot'], env, async (contestants) => {
      const found: { contestant: Contestant; before: Held; after: Held }[] = []
      for (const contestant of contestants) {
        const { crowd, program } = contestant
        const userIds = names('person', firstComers + sockets)
        const some = userIds.slice(0, firstComers)
        const [before, after] = await box.reporter.step(`${program}: ${sockets} connect`, async () => {
          await crowd.connect({ userIds: some })
          const held = await holds(contestant)
          await crowd.connect({ userIds: userIds.slice(firstComers) })
          return [held, await holds(contestant)]
        })
        if (before && after) found.push({ contestant, before, after })
      }
      const each = (of: (held: Held) => number, { before, after }: { before: Held; after: Held }) =>
        (of(after) - of(before)) / sockets
      const collected = found.map((one) => each((held) => held.collected, one))
      const kb = (bytes: number) => (bytes / 1_000).toFixed(1)
      return {
        heading: [
          'program',
          'KB a socket',
          'to plain',
          'KB a socket, before collecting',
          'MB a gateway at the end',
        ],
        lines: found.map((one, i) => [
          one.contestant.program,
          kb(collected[i] ?? 0),
          ratio(collected[i] ?? 0, collected[0]),
          kb(each((held) => held.asItIs, one)),
          (one.after.collected / nodes / 1e6).toFixed(0),
        ]),
        notes: [
          `Growth of the resident memory of ${nodes} gateways by ${sockets} users with a socket each, after the first ${firstComers}; garbage collected before each look.`,
          'Before collecting: the same without, as it is when they have just come.',
        ],
      }
    })
  },
}

async function holds({ servers }: Contestant): Promise<Held> {
  await wait(settleMs)
  const asItIs = ofGateways(servers.memory())
  for (let i = 0; i < collections; i++) {
    servers.signal('SIGUSR2')
    await wait(settleMs)
  }
  return { asItIs, collected: ofGateways(servers.memory()) }
}

function ofGateways(memory: Map<string, number>): number {
  return [...memory].reduce((sum, [role, bytes]) => sum + (role.startsWith('gateway') ? bytes : 0), 0)
}
