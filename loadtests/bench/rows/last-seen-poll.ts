import { setTimeout as wait } from 'node:timers/promises'
import { makePeople } from '../lib/groups.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { type Device, Person } from '../lib/person.ts'
import { Poller } from '../lib/poller.ts'
import type { Row, Table } from '../lib/row.ts'
import { type Part, parts, Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'
import { median, range } from '../lib/stats.ts'

const nodes = 2
/** As existing clients do it. */
const everyMs = 5_000
/** One in so many of those who are polled is online. */
const onlineOneIn = 10

/** Clients that do not wait for their turn: so many connections a node keep it busy. */
const eager = 32

interface Case {
  label: string
  path: (i: number) => string
  keepsTag: boolean
  /** At the pace of clients that poll, beside what the servers do anyway. */
  paced: Cost[]
  /** As fast as it goes. */
  full: Cost[]
}

/** Clients that ask again and again for the one person they talk to, and find nothing new. */
export const lastSeenPoll: Row = {
  name: 'last-seen-poll',
  asks: 'What does a poll of /user/lastSeen cost when nothing has changed?',
  async run(box) {
    const clients = count('CLIENTS', 1_000)
    const seconds = count('POLL_SECONDS', 20)
    const rounds = count('ROUNDS', 3)
    const fast = count('REQUESTS', 20_000)
    const servers = await Servers.start(box, { nodes })
    try {
      const ids = Array.from({ length: clients }, (_, i) => `person-${i}`)
      await box.reporter.step('Making people', () => makePeople(servers, ids))
      const devices: Device[] = []
      for (let i = 0; i < clients; i += onlineOneIn) {
        devices.push(await new Person(servers, `person-${i}`).connect(i % nodes))
      }
      const pollers = ids.map((userId, i) => new Poller(servers, userId, i % nodes))
      const partner = (i: number) => `/user/lastSeen/person-${(i + 1) % clients}`
      const cases: Case[] = [
        { label: 'a route that does nothing', path: () => '/healthz', keepsTag: false, paced: [], full: [] },
        { label: 'poll, unchanged', path: partner, keepsTag: true, paced: [], full: [] },
        { label: 'poll, answered in full', path: partner, keepsTag: false, paced: [], full: [] },
      ]
      const idle: Cost[] = []
      for (let round = 0; round <= rounds; round++) {
        const polls = (seconds * 1_000 * clients) / everyMs
        const rest = await box.reporter.step(`Round ${round} of ${rounds}: nobody polls`, () =>
          measure(servers, polls, () => wait(seconds * 1_000)),
        )
        // The first round is for the compilers, and for tags to come back with.
        if (round > 0) idle.push(rest)
        for (const { label, path, keepsTag, paced, full } of cases) {
          const name = `Round ${round} of ${rounds}: ${label}`
          const slowly = await box.reporter.step(name, () =>
            measure(servers, polls, () => pollAll(pollers, polls, path, keepsTag)),
          )
          const quickly = await box.reporter.step(`${name}, at full speed`, () =>
            measure(servers, fast, () => rush(pollers, fast, path, keepsTag)),
          )
          if (round === 0) continue
          paced.push(minus(slowly, rest))
          full.push(quickly)
        }
      }
      for (const device of devices) device.close()
      for (const poller of pollers) poller.close()
      return tableOf(cases, idle, { clients, seconds, rounds })
    } finally {
      await servers.stop()
    }
  },
}

/** At an even pace, each client in turn. */
async function pollAll(
  pollers: Poller[],
  polls: number,
  path: (i: number) => string,
  keepsTag: boolean,
): Promise<void> {
  const paceMs = everyMs / pollers.length
  const startedAt = performance.now()
  const answers: Promise<void>[] = []
  for (let poll = 0; poll < polls; poll++) {
    const dueInMs = startedAt + poll * paceMs - performance.now()
    if (dueInMs > 0) await wait(dueInMs)
    const i = poll % pollers.length
    const poller = pollers[i]
    if (poller) answers.push(poller.get(path(i), keepsTag))
  }
  await Promise.all(answers)
}

/** One after the other on a few connections of each node, without a pause. */
async function rush(
  pollers: Poller[],
  polls: number,
  path: (i: number) => string,
  keepsTag: boolean,
): Promise<void> {
  let left = polls
  const work = async (poller: Poller, i: number) => {
    while (left-- > 0) await poller.get(path(i), keepsTag)
  }
  await Promise.all(pollers.slice(0, eager * nodes).map(work))
}

function minus(cost: Cost, rest: Cost): Cost {
  const each = Object.fromEntries(parts.map((part) => [part, cost.parts[part] - rest.parts[part]]))
  return { ...cost, parts: each as Cost['parts'], cpuUs: cost.cpuUs - rest.cpuUs }
}

function tableOf(
  cases: Case[],
  idle: Cost[],
  { clients, seconds, rounds }: { clients: number; seconds: number; rounds: number },
): Table {
  const [base] = cases
  if (!base) throw new Error('nothing was measured')
  const middle = (costs: Cost[], part?: Part) =>
    median(costs.map((cost) => (part ? cost.parts[part] : cost.cpuUs)))
  const lines = (['paced', 'full'] as const).flatMap((pace) =>
    cases.map((one) => {
      const costs = one[pace]
      const [low, high] = range(costs.map(({ cpuUs }) => cpuUs))
      return [
        pace === 'full' ? `${one.label}, at full speed` : one.label,
        ...parts.map((part) => middle(costs, part).toFixed(0)),
        middle(costs).toFixed(0),
        `${low.toFixed(0)} … ${high.toFixed(0)}`,
        (middle(costs) / middle(base[pace])).toFixed(2),
      ]
    }),
  )
  const perSecond = ((clients * 1_000) / everyMs).toFixed(0)
  const idlePercent = (median(idle.map(({ cpuUs }) => cpuUs)) * (clients / everyMs)) / 10
  return {
    heading: ['a request', ...parts, 'all', 'lowest … highest', 'ratio'],
    lines,
    notes: [
      `µs of CPU time, median of ${rounds} rounds of ${seconds} s; without what the cluster does anyway, ${idlePercent.toFixed(1)} % of a core.`,
      `${clients} clients, each with its own connection and partner, poll every ${everyMs / 1_000} s: ${perSecond} requests a second on ${nodes} nodes, which mostly sleep. One partner in ${onlineOneIn} is online.`,
      `At full speed: ${eager} connections a node, one request after the other. The ratio is to the route that does nothing.`,
    ],
  }
}
