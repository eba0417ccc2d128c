import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { makePeople } from '../lib/groups.ts'
import { LeanClient } from '../lib/lean-client.ts'
import { redisTraffic } from '../lib/redis-traffic.ts'
import type { Row, Table } from '../lib/row.ts'
import { type CpuTimes, parts, Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'

const nodes = 2
/** Who logs in before anything is measured, for the compilers. */
const warmers = 200
/** So long no event came: all have. */
const quietMs = 3_000
const restMs = 10_000

interface Case {
  label: string
  broadcasts: boolean
  /** Whom the i-th of so many watches. */
  contacts: (i: number, of: number) => number[]
}

/** CPU time in microseconds, what the cluster uses anyway while all are logged in taken off. */
interface Found {
  label: string
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
  async run(box) {
    const people = count('PEOPLE', 1_000)
    const withinS = count('WITHIN_S', 10)
    const watched = count('CONTACTS', 20)
    const contacts = (i: number, of: number) =>
      Array.from(
        { length: watched },
        (_, k) => (i + (k < watched / 2 ? k + 1 : of - 1 - k + watched / 2)) % of,
      )
    const cases: Case[] = [
      { label: 'nobody hears of anybody', broadcasts: false, contacts: () => [] },
      { label: 'existing clients: all hear of all', broadcasts: true, contacts: () => [] },
      { label: `subscriptions to ${watched}`, broadcasts: true, contacts },
    ]
    const found: Found[] = []
    for (const one of cases) {
      const servers = await Servers.start(box, {
        nodes,
        env: { PRESENCE_BROADCAST: String(one.broadcasts) },
      })
      const meter = new Redis(servers.redisUrl, { replyMapping: 'legacy' })
      try {
        const names = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`)
        await box.reporter.step('Making people', () => makePeople(servers, names('person', people)))
        await box.reporter.step('Warming up', () => warmUp(servers, one, names('warm', warmers)))
        const storm = () => logins(servers, meter, one, names('person', people), withinS * 1_000)
        found.push(await box.reporter.step(one.label, storm))
      } finally {
        meter.disconnect()
        await servers.stop()
      }
    }
    return tableOf(found, { people, withinS })
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

function tableOf(found: Found[], { people, withinS }: { people: number; withinS: number }): Table {
  const [nobody, all] = found
  if (!nobody || !all) throw new Error('nothing was measured')
  const s = (us: number) => (us / 1e6).toFixed(2)
  const status = (of: Found) => of.cpuUs - nobody.cpuUs
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
    lines: found.map((of) => [
      of.label,
      ...parts.map((part) => s(of.cpu[part])),
      s(of.cpuUs),
      of === nobody ? '' : s(status(of)),
      of === nobody ? '' : (status(of) / status(all)).toFixed(3),
      String(of.statuses),
      (of.clientBytes / 1e6).toFixed(2),
      (of.redisBytes / 1e6).toFixed(2),
    ]),
    notes: [
      `${people} people log in within ${withinS} s on ${nodes} nodes, one socket each; CPU time without what the cluster uses when all are there.`,
      'For presence: more than where nobody hears of anybody. The ratio is to clients that hear of everybody.',
      'To clients: user_status_changed, and presence_subscribe with its answer. Of Redis: in and out, logins included.',
    ],
  }
}
