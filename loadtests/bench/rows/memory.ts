import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { waitUntil } from '../../../infra/system/wait.ts'
import { type Contestant, names, nodes, withContestants } from '../lib/contest.ts'
import { ratio } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import type { Row, Table } from '../lib/row.ts'
import { count } from '../lib/settings.ts'

/** For the compilers, and for what a node allocates once: so many come and stay before anything is measured. */
const firstComers = 500
/** What connecting leaves to do is done, and what it needed can be collected. */
const settleMs = 4_000
const collector = new URL('../lib/collect-on-signal.ts', import.meta.url).href

/** Of all gateways, bytes. */
interface Held {
  resident: number
  inUse: number
}

/** What a user costs a gateway by being there. */
export const memory: Row = {
  name: 'memory',
  asks: 'How much resident memory does an idle, authenticated socket take on a gateway?',
  isJudged: true,
  async run(box) {
    const sockets = count('SOCKETS', 4_000)
    const folder = await mkdtemp(join(tmpdir(), 'earshot-bench-'))
    const notes = join(folder, 'in-use')
    const env = {
      PRESENCE_BROADCAST: 'false',
      NODE_OPTIONS: `--expose-gc --import=${collector}`,
      BENCH_MEMORY: notes,
    }
    const holds = async ({ servers }: Contestant): Promise<Held> => {
      await wait(settleMs)
      const inUse = await Promise.all(servers.collectGarbage().map((pid) => read(`${notes}-${pid}`)))
      return { resident: ofGateways(servers.memory()), inUse: inUse.reduce((sum, bytes) => sum + bytes, 0) }
    }
    const compare = async (contestants: Contestant[]): Promise<Table> => {
      const found: { name: string; before: Held; after: Held }[] = []
      for (const contestant of contestants) {
        const { crowd, name } = contestant
        const userIds = names('person', firstComers + sockets)
        await box.reporter.step(`${name}: ${sockets} connect`, async () => {
          await crowd.connect({ userIds: userIds.slice(0, firstComers) })
          const before = await holds(contestant)
          await crowd.connect({ userIds: userIds.slice(firstComers) })
          found.push({ name, before, after: await holds(contestant) })
        })
      }
      return tableOf(found, sockets)
    }
    try {
      return await withContestants(box, ['plain', 'earshot', 'relay'], env, compare)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

function tableOf(found: { name: string; before: Held; after: Held }[], sockets: number): Table {
  const lines = found.map(({ name, before, after }) => ({
    name,
    inUse: (after.inUse - before.inUse) / sockets,
    resident: (after.resident - before.resident) / sockets,
    atEnd: after,
  }))
  const [plain, own, relay] = lines
  if (!plain || !own || !relay) throw new Error('nothing was measured')
  return {
    heading: [
      'program',
      'KB a socket in use',
      'to plain',
      'KB resident',
      'to plain',
      'MB a gateway in use',
      'MB resident',
    ],
    lines: lines.map(({ name, inUse, resident, atEnd }) => [
      name,
      (inUse / 1_000).toFixed(1),
      ratio(inUse, plain.inUse),
      (resident / 1_000).toFixed(1),
      ratio(resident, plain.resident),
      (atEnd.inUse / nodes / 1e6).toFixed(0),
      (atEnd.resident / nodes / 1e6).toFixed(0),
    ]),
    notes: [
      `Growth by ${sockets} users with a socket each on ${nodes} gateways, after the first ${firstComers}; garbage collected before each look.`,
      "In use: V8's heap and what hangs on it. Resident grows by less where a process has room that it was not given for these sockets.",
    ],
    goals: (['resident', 'inUse'] as const).map((kind) =>
      ratioGoal({
        what: `memory an idle, authenticated socket, ${kind === 'inUse' ? 'in use' : 'resident'}`,
        against: { of: 'plain', value: plain[kind] / 1_000 },
        unit: 'KB',
        digits: 1,
        value: own[kind] / 1_000,
        most: 0.8,
        floor: { of: 'relay', value: relay[kind] / 1_000 },
      }),
    ),
  }
}

/** What the gateway with this note wrote, as soon as it has. */
async function read(path: string): Promise<number> {
  let text = ''
  const written = async () => {
    text = await readFile(path, 'utf8').catch(() => '')
    return text !== ''
  }
  if (!(await waitUntil(written, { timeoutMs: 60_000 }))) throw new Error('a gateway collects no garbage')
  await rm(path)
  return Number(text)
}

function ofGateways(memory: Map<string, number>): number {
  return [...memory].reduce((sum, [role, bytes]) => sum + (role.startsWith('gateway') ? bytes : 0), 0)
}
