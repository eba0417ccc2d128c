import { setTimeout as wait } from 'node:timers/promises'
import { startBareHttp } from '../lib/bare-http.ts'
import { floorCell } from '../lib/goal.ts'
import { makePeople } from '../lib/groups.ts'
import { LeanClient } from '../lib/lean-client.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { Poller } from '../lib/poller.ts'
import type { Row, Table } from '../lib/row.ts'
import { type Part, parts, Servers } from '../lib/servers.ts'
import { count, isWanted } from '../lib/settings.ts'
import { median, range } from '../lib/stats.ts'

const nodes = 2
/** As existing clients do it. */
const everyMs = 5_000
/** One in so many of those who are polled is online; the others were. */
const onlineOneIn = 10
/** In one request for many. */
const batch = 50
/** Clients that do not wait for their turn: so many connections a node keep it busy. */
const eager = 32
/** What is told of logins is told, and in MongoDB. */
const settleMs = 5_000
/** Of a poll at full speed, µs. */
const most = 60
/** Of the round that is thrown away. */
const firstRoundS = 10
/** In that round, at full speed: with fewer V8 still compiles, and what is measured is its work, not that of a server that has run for a minute. */
const warming = 40_000
/** Where nothing is paced, only to say what the cluster does anyway. */
const shortMs = 3_000

type Ask = (poller: Poller, i: number) => Promise<void>

interface Case {
  label: string
  ask: Ask
  isPaced: boolean
  /** At the pace of clients that poll, beside what the servers do anyway. */
  paced: Cost[]
  /** As fast as it goes. */
  full: Cost[]
}

/** Clients that ask again and again for the one person they talk to, and find nothing new. */
export const lastSeenPoll: Row = {
  name: 'last-seen-poll',
  asks: 'What does a poll of /user/lastSeen cost when nothing has changed?',
  isJudged: true,
  async run(box) {
    const clients = count('CLIENTS', 1_000)
    const seconds = count('POLL_SECONDS', 60)
    const rounds = count('ROUNDS', 1)
    const fast = count('REQUESTS', 10_000)
    const servers = await Servers.start(box, { nodes })
    const bare = await startBareHttp()
    const online: LeanClient[] = []
    const ids = Array.from({ length: clients }, (_, i) => `person-${i}`)
    const pollers = ids.map((userId, i) => new Poller(servers.url(i % nodes), servers.jwtSecret, userId))
    const barePollers = ids
      .slice(0, eager * nodes)
      .map((userId) => new Poller(bare.url, servers.jwtSecret, userId))
    try {
      await box.reporter.step('Making people', () => makePeople(servers, [...ids, 'nobody']))
      await box.reporter.step('All come, most leave', async () => {
        for (const [i, userId] of ids.entries()) {
          const client = await LeanClient.login(servers, userId, i % nodes)
          if (i % onlineOneIn === 0) online.push(client)
          else client.close()
        }
        await wait(settleMs)
      })
      const path = (i: number) => `/user/lastSeen/person-${(i + 1) % clients}`
      const many = (i: number) =>
        JSON.stringify({
          userIds: Array.from({ length: batch }, (_, k) => `person-${(i + k + 1) % clients}`),
        })
      const one = (label: string, isPaced: boolean, ask: Ask): Case => {
        return { label, isPaced, ask, paced: [], full: [] }
      }
      const cases = [
        one('a route that does nothing', true, (poller) => poller.get('/healthz', false)),
        one('poll, unchanged', true, (poller, i) => poller.get(path(i), true)),
        one('poll, answered in full', true, (poller, i) => poller.get(path(i), false)),
        one('poll of one who was never here', false, (poller) => poller.get('/user/lastSeen/nobody', true)),
        one(`${batch} at once`, false, (poller, i) => poller.post('/user/lastSeen', many(i))),
      ]
      const [idle, floor]: [Cost[], number[]] = [[], []]
      for (let round = 0; round <= rounds; round++) {
        const windowS = round === 0 ? firstRoundS : seconds
        const polls = (windowS * 1_000 * clients) / everyMs
        const requests = round === 0 ? Math.max(warming, fast) : fast
        const step = <T>(what: string, work: () => Promise<T>) =>
          box.reporter.step(`Round ${round} of ${rounds}: ${what}`, work)
        const idleMs = isWanted('PACED') ? windowS * 1_000 : shortMs
        const rest = await step('nobody polls', () =>
          measure(servers, (idleMs * clients) / everyMs, () => wait(idleMs)),
        )
        const bareUs = await step('bare HTTP', async () => {
          const before = bare.cpuUs()
          await rush(barePollers, requests, (poller) => poller.get('/', false))
          return (bare.cpuUs() - before) / requests
        })
        // The first round is for the compilers.
        if (round > 0) idle.push(rest)
        if (round > 0) floor.push(bareUs)
        for (const { label, ask, isPaced, paced, full } of cases) {
          const slowly = async () => {
            // Who polls has polled before.
            await pollAll(pollers, clients, ask)
            return measure(servers, polls, () => pollAll(pollers, polls, ask))
          }
          if (isPaced && isWanted('PACED')) {
            const cost = await step(label, slowly)
            if (round > 0) paced.push(minus(cost, rest))
          }
          const quickly = await step(`${label}, at full speed`, () =>
            measure(servers, requests, () => rush(pollers, requests, ask)),
          )
          if (round > 0) full.push(quickly)
        }
      }
      return tableOf(cases, idle, median(floor), { clients, seconds, rounds })
    } finally {
      for (const client of online) client.close()
      for (const poller of [...pollers, ...barePollers]) poller.close()
      bare.stop()
      await servers.stop()
    }
  },
}

/** At an even pace, each client in turn. */
async function pollAll(pollers: Poller[], polls: number, ask: Ask): Promise<void> {
  const paceMs = everyMs / pollers.length
  const startedAt = performance.now()
  const answers: Promise<void>[] = []
  for (let poll = 0; poll < polls; poll++) {
    const dueInMs = startedAt + poll * paceMs - performance.now()
    if (dueInMs > 0) await wait(dueInMs)
    const i = poll % pollers.length
    const poller = pollers[i]
    if (poller) answers.push(ask(poller, i))
  }
  await Promise.all(answers)
}

/** One after the other on a few connections of each node, without a pause. */
async function rush(pollers: Poller[], polls: number, ask: Ask): Promise<void> {
  let left = polls
  const work = async (poller: Poller, i: number) => {
    while (left-- > 0) await ask(poller, i)
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
  floorUs: number,
  { clients, seconds, rounds }: { clients: number; seconds: number; rounds: number },
): Table {
  const [base, unchanged] = cases
  if (!base || !unchanged) throw new Error('nothing was measured')
  const middle = (costs: Cost[], part?: Part) =>
    median(costs.map((cost) => (part ? cost.parts[part] : cost.cpuUs)))
  const lines = (['paced', 'full'] as const).flatMap((pace) =>
    cases.flatMap((one) => {
      const costs = one[pace]
      if (costs.length === 0) return []
      const [low, high] = range(costs.map(({ cpuUs }) => cpuUs))
      const line = [
        pace === 'full' ? `${one.label}, at full speed` : one.label,
        ...parts.map((part) => middle(costs, part).toFixed(0)),
        middle(costs).toFixed(0),
        `${low.toFixed(0)} … ${high.toFixed(0)}`,
        (middle(costs) / middle(base[pace])).toFixed(2),
      ]
      return [line]
    }),
  )
  const us = (value: number) => `${value.toFixed(0)} µs`
  const pollUs = middle(unchanged.full)
  const perSecond = ((clients * 1_000) / everyMs).toFixed(0)
  const idlePercent = (median(idle.map(({ cpuUs }) => cpuUs)) * (clients / everyMs)) / 10
  return {
    heading: ['a request', ...parts, 'all', 'lowest … highest', 'ratio'],
    lines,
    notes: [
      `µs of CPU time, median of ${rounds} rounds of ${seconds} s; without what the cluster does anyway, ${idlePercent.toFixed(1)} % of a core.`,
      `${clients} clients, each with its own connection and partner, poll every ${everyMs / 1_000} s: ${perSecond} requests a second on ${nodes} nodes, which mostly sleep; each state is read anew once a minute. One partner in ${onlineOneIn} is online, the others were.`,
      `At full speed: ${eager} connections a node, one request after the other, what the cluster does anyway included. The ratio is to the route that does nothing.`,
      `A server of Node's own that answers 304 to everything: ${floorUs.toFixed(0)} µs a request at full speed.`,
    ],
    goals: [
      {
        what: 'lastSeen poll, unchanged, at full speed',
        against: 'CPU time of all servers',
        toReach: `≤ ${us(most)}`,
        figure: us(pollUs),
        isReached: pollUs <= most,
        floor: floorCell({ of: "Node's own server", value: floorUs }, pollUs, us),
      },
    ],
  }
}
