import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type Floor, floorCell, type Goal } from '../lib/goal.ts'
import { makePeople } from '../lib/groups.ts'
import { LeanClient } from '../lib/lean-client.ts'
import type { Program } from '../lib/programs.ts'
import { redisTraffic } from '../lib/redis-traffic.ts'
import type { Row, Table } from '../lib/row.ts'
import { type CpuTimes, parts, Servers } from '../lib/servers.ts'
import { count, isWanted } from '../lib/settings.ts'
import { statusFloor } from '../lib/status-floor.ts'

const nodes = 2
/** Who logs in before anything is measured, for the compilers. */
const warmers = 200
/** So long no event came: all have. */
const quietMs = 2_000
const restMs = 6_000
/** Of what one-by-one's cost. */
const most = 1 / 20

interface Case {
  label: string
  program: Program
  broadcasts: boolean
  /** Whom the i-th of so many watches. */
  contacts: (i: number, of: number) => number[]
}

/** CPU time in microseconds, what the cluster uses anyway while all are logged in taken off. */
interface Found {
  label: string
  program: Program
  cpu: CpuTimes
  cpuUs: number
  statuses: number
  clientBytes: number
  redisBytes: number
}

/** Many people who come at once, and who hears of them. */
export const presenceLogins: Row = {
  name: 'presence-logins',
  asks: 'What does it cost that people hear of each other when many log in at once?',
  isJudged: true,
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const withinS = count('WITHIN_S', 10)
    const watched = count('CONTACTS', 20)
    const contacts = (i: number, of: number) =>
      Array.from(
        { length: watched },
        (_, k) => (i + (k < watched / 2 ? k + 1 : of - 1 - k + watched / 2)) % of,
      )
    const oneByOne = { program: 'one-by-one', contacts: () => [] } as const
    const own = { program: 'earshot', contacts: () => [] } as const
    const withExisting = isWanted('EXISTING_CLIENTS')
    const cases: Case[] = [
      { ...oneByOne, label: 'one-by-one: nobody', broadcasts: false },
      { ...oneByOne, label: 'one-by-one: all of all', broadcasts: true },
      { ...own, label: 'nobody', broadcasts: false },
      ...(withExisting ? [{ ...own, label: 'existing clients: all of all', broadcasts: true }] : []),
      { ...own, label: `each of ${watched} it subscribed to`, broadcasts: true, contacts },
    ]
    const found: Found[] = []
    for (const one of cases) {
      const servers = await Servers.start(box, {
        nodes,
        program: one.program,
        env: { PRESENCE_BROADCAST: String(one.broadcasts) },
      })
      const meter = new Redis(servers.redisUrl, { replyMapping: 'legacy' })
      try {
        const names = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`)
        // One-by-one knows whoever comes.
        if (one.program === 'earshot')
          await box.reporter.step('Making people', () => makePeople(servers, names('person', people)))
        await box.reporter.step('Warming up', () => warmUp(servers, one, names('warm', warmers)))
        const storm = () => logins(servers, meter, one, names('person', people), withinS * 1_000)
        found.push(await box.reporter.step(one.label, storm))
      } finally {
        meter.disconnect()
        await servers.stop()
      }
    }
    const told = found.at(-1)?.statuses ?? 0
    const floor = await box.reporter.step('As many frames by a relay', () => statusFloor(box, people, told))
    return tableOf(found, floor, { people, withinS })
  },
}

async function warmUp(servers: Servers, one: Case, userIds: string[]): Promise<void> {
  const clients = await loginAll(servers, one, userIds, 2_000)
  await settled(clients)
  for (const client of clients) client.close()
  await wait(quietMs)
}

async function logins(
  servers: Servers,
  meter: Redis,
  one: Case,
  userIds: string[],
  withinMs: number,
): Promise<Found> {
  const [before, bytesBefore, startedAt] = [servers.cpu(), await redisTraffic(meter), performance.now()]
  const clients = await loginAll(servers, one, userIds, withinMs)
  await settled(clients)
  const [after, bytesAfter, endedAt] = [servers.cpu(), await redisTraffic(meter), performance.now()]
  await wait(restMs)
  const [rest, bytesRest] = [servers.cpu(), await redisTraffic(meter)]
  const share = (endedAt - startedAt) / (performance.now() - endedAt)
  const cpu = Object.fromEntries(
    parts.map((part) => [part, after[part] - before[part] - (rest[part] - after[part]) * share]),
  ) as CpuTimes
  const sum = (of: (client: LeanClient) => number) => clients.reduce((all, client) => all + of(client), 0)
  const found = {
    label: one.label,
    program: one.program,
    cpu,
    cpuUs: parts.reduce((all, part) => all + cpu[part], 0),
    statuses: sum(({ statuses }) => statuses),
    clientBytes: sum(({ bytes }) => bytes),
    redisBytes: bytesAfter - bytesBefore - (bytesRest - bytesAfter) * share,
  }
  for (const client of clients) client.close()
  return found
}

/** At an even pace. */
async function loginAll(
  servers: Servers,
  { contacts }: Case,
  userIds: string[],
  withinMs: number,
): Promise<LeanClient[]> {
  const startedAt = performance.now()
  const logins = userIds.map(async (userId, i) => {
    await wait(Math.max(0, startedAt + (i * withinMs) / userIds.length - performance.now()))
    const client = await LeanClient.login(servers, userId, i % nodes)
    const watched = contacts(i, userIds.length).map((at) => userIds[at] ?? '')
    if (watched.length > 0) await client.watch(watched)
    return client
  })
  return Promise.all(logins)
}

async function settled(clients: LeanClient[]): Promise<void> {
  const heard = () => clients.reduce((sum, { statuses }) => sum + statuses, 0)
  let before: number
  do {
    before = heard()
    await wait(quietMs)
  } while (heard() > before)
}

function tableOf(
  found: Found[],
  floor: Floor,
  { people, withinS }: { people: number; withinS: number },
): Table {
  const nobody = (program: Program) => found.find((one) => one.program === program)
  const s = (us: number) => (us / 1e6).toFixed(2)
  const status = (of: Found) => of.cpuUs - (nobody(of.program)?.cpuUs ?? Number.NaN)
  const [, replaced] = found
  const own = found.at(-1)
  if (!own || !replaced) throw new Error('nothing was measured')
  const times = status(own) / status(replaced)
  const goal: Goal = {
    what: `${people} logins in ${withinS} s: CPU time of the status traffic`,
    against: `one-by-one ${s(status(replaced))} s, ${replaced.statuses} events`,
    toReach: `≤ ${most.toFixed(2)} ×`,
    figure: `${times.toFixed(2)} × (${s(status(own))} s, ${own.statuses} events)`,
    isReached: times <= most,
    floor: floorCell(floor, status(own), (us) => `${s(us)} s`),
  }
  return {
    heading: [
      'who hears',
      ...parts.map((part) => `${part}, s`),
      'all, s',
      'of it for presence, s',
      'ratio',
      'events',
      'MB to clients',
      'MB of Redis',
    ],
    lines: found.map((of) => {
      const isBase = of === nobody(of.program)
      return [
        of.label,
        ...parts.map((part) => s(of.cpu[part])),
        s(of.cpuUs),
        isBase ? '' : s(status(of)),
        isBase ? '' : (status(of) / status(replaced)).toFixed(3),
        String(of.statuses),
        (of.clientBytes / 1e6).toFixed(2),
        (of.redisBytes / 1e6).toFixed(2),
      ]
    }),
    notes: [
      `${people} people log in within ${withinS} s on ${nodes} nodes, one socket each; CPU time without what the cluster uses when all are there.`,
      'For presence: more than where nobody hears of anybody. The ratio is to one-by-one, in which everybody hears of everybody.',
      'To clients: user_status_changed, and presence_subscribe with its answer. Of Redis: in and out, logins included.',
      'Floor: as many frames as there were events in the last case, by a relay of bare sockets.',
    ],
    goals: [goal],
  }
}
