import { allOrNone } from '../lib/all-or-none.ts'
import { type Floor, floorCell, type Goal } from '../lib/goal.ts'
import { type Case, peopleOf, type Storm, StormCluster } from '../lib/login-storm.ts'
import type { Box, Row, Table } from '../lib/row.ts'
import { parts } from '../lib/servers.ts'
import { count, isWanted } from '../lib/settings.ts'
import { differences, median, range } from '../lib/stats.ts'
import { statusFloor } from '../lib/status-floor.ts'
import { costsOf, type StormCost } from '../lib/storm-costs.ts'

/** Of what one-by-one's cost. */
const most = 1 / 20

/** A case, and its storms, one a round. */
interface Found {
  case: Case
  storms: (Storm & StormCost)[]
  /** Where nobody hears of anybody, the same people in the same rounds; absent for that itself. */
  nobody?: StormCost[]
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
    const rounds = count('ROUNDS', 4)
    const contacts = (i: number, of: number) =>
      Array.from(
        { length: watched },
        (_, k) => (i + (k < watched / 2 ? k + 1 : of - 1 - k + watched / 2)) % of,
      )
    const alone = { broadcasts: false, contacts: () => [] }
    const all = { broadcasts: true, contacts: () => [] }
    const oneByOne = { program: 'one-by-one' } as const
    const own = { program: 'earshot' } as const
    const storms = (cases: Case[], many: number) => takeTurns(box, cases, { rounds: many, people, withinS })

    // It is far above what one round may be off by.
    const [none, replaced] = await storms(
      [
        { ...oneByOne, ...alone, label: 'one-by-one: nobody' },
        { ...oneByOne, ...all, label: 'one-by-one: all of all' },
      ],
      1,
    )
    const [nobody, subscribed] = await storms(
      [
        { ...own, ...alone, label: 'nobody' },
        { ...own, broadcasts: true, contacts, label: `each of ${watched} it subscribed to` },
      ],
      rounds,
    )
    const [existing] = isWanted('EXISTING_CLIENTS')
      ? await storms([{ ...own, ...all, label: 'existing clients: all of all' }], 1)
      : []
    if (!none || !replaced || !nobody || !subscribed) throw new Error('nothing was measured')
    const told = { ...subscribed, nobody: nobody.storms }
    const found: Found[] = [
      none,
      { ...replaced, nobody: none.storms },
      nobody,
      ...(existing ? [{ ...existing, nobody: nobody.storms }] : []),
      told,
    ]
    const floor = await box.reporter.step('As many frames by a relay', () =>
      statusFloor(
        box,
        people,
        middle(told, ({ statuses }) => statuses),
      ),
    )
    return tableOf(found, floor, { people, withinS, rounds })
  },
}

/**
 * Clusters side by side, so that what drifts on the machine drifts for all: in each round the same people, whom nobody saw before, log
 * in to one after the other, every other round in reverse. Those of earlier rounds stay.
 */
async function takeTurns(
  box: Box,
  cases: Case[],
  { rounds, people, withinS }: { rounds: number; people: number; withinS: number },
): Promise<Found[]> {
  const groups = Array.from({ length: rounds }, (_, round) => peopleOf(`round-${round}`, people))
  const stop = (some: StormCluster[]) => Promise.all(some.map((cluster) => cluster.stop()))
  const start = (one: Case) => StormCluster.start(box, one, groups.flat())
  const clusters = await box.reporter.step('Warming up', () => allOrNone(cases.map(start), stop))
  try {
    for (const [round, userIds] of groups.entries()) {
      for (const cluster of round % 2 === 0 ? clusters : clusters.toReversed()) {
        const what = `Round ${round + 1} of ${rounds}: ${cluster.case.label}`
        await box.reporter.step(what, () => cluster.storm(userIds, withinS * 1_000))
      }
    }
    await Promise.all(clusters.map((cluster) => cluster.rest()))
  } finally {
    await stop(clusters)
  }
  const costs = costsOf(clusters.map(({ storms }) => storms))
  return clusters.map((cluster, i) => ({
    case: cluster.case,
    storms: cluster.storms.flatMap((storm, round) => {
      const cost = costs[i]?.[round]
      return cost ? [{ ...storm, ...cost }] : []
    }),
  }))
}

const middle = ({ storms }: Found, of: (storm: Storm & StormCost) => number) => median(storms.map(of))
const seconds = (us: number) => (us / 1e6).toFixed(2)

/** What the status traffic cost in each round, microseconds. */
function forPresence({ storms, nobody = [] }: Found): number[] {
  const cpu = (some: StormCost[]) => some.map(({ cpuUs }) => cpuUs)
  return differences(cpu(storms), cpu(nobody))
}

function tableOf(
  found: Found[],
  floor: Floor,
  { people, withinS, rounds }: { people: number; withinS: number; rounds: number },
): Table {
  const [, replaced] = found
  const own = found.at(-1)
  if (!own || !replaced) throw new Error('nothing was measured')
  const basis = median(forPresence(replaced))
  const each = forPresence(own)
  const cost = median(each)
  const times = cost / basis
  const between = range(each).map(seconds).join(' to ')
  const goal: Goal = {
    what: `${people} logins in ${withinS} s: CPU time of the status traffic`,
    against: `one-by-one ${seconds(basis)} s, ${Math.round(middle(replaced, ({ statuses }) => statuses))} events`,
    toReach: `≤ ${most.toFixed(2)} ×`,
    figure: `${times.toFixed(2)} × (${seconds(cost)} s; ${rounds > 1 ? `${between} in ${rounds} rounds, ` : ''}${Math.round(middle(own, ({ statuses }) => statuses))} events)`,
    isReached: times <= most,
    floor: floorCell(floor, cost, (us) => `${seconds(us)} s`),
  }
  return {
    heading: [
      'who hears',
      ...parts.map((part) => `${part}, s`),
      'all, s',
      'of it for presence, s',
      'in single rounds',
      'ratio',
      'events',
      'MB to clients',
      'MB of Redis',
    ],
    lines: found.map((of) => {
      const status = of.nobody ? forPresence(of) : []
      return [
        of.case.label,
        ...parts.map((part) => seconds(middle(of, ({ cpu }) => cpu[part]))),
        seconds(middle(of, ({ cpuUs }) => cpuUs)),
        of.nobody ? seconds(median(status)) : '',
        status.map(seconds).join(', '),
        of.nobody ? (median(status) / basis).toFixed(3) : '',
        middle(of, ({ statuses }) => statuses).toFixed(0),
        (middle(of, ({ clientBytes }) => clientBytes) / 1e6).toFixed(2),
        (middle(of, ({ redisBytes }) => redisBytes) / 1e6).toFixed(2),
      ]
    }),
    notes: [
      `${people} people log in within ${withinS} s on 2 nodes, one socket each; CPU time without what the cluster uses when all are there.`,
      'For presence: more than where nobody hears of anybody, the same people in the same round. The ratio is to one-by-one, in which everybody hears of everybody.',
      `Earshot's two: median of ${rounds} rounds, of that difference too; in each, people whom nobody saw before.`,
      'To clients: user_status_changed, and presence_subscribe with its answer. Of Redis: in and out, logins included.',
      'Floor: as many frames as there were events in the last case, by a relay of bare sockets.',
    ],
    goals: [goal],
  }
}
