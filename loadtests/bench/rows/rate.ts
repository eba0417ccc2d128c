import { type Contestant, nodes } from '../lib/contest.ts'
import { checkWhole } from '../lib/contest-table.ts'
import { ratioGoal } from '../lib/goal.ts'
import { highestRate } from '../lib/rate-search.ts'
import type { Row } from '../lib/row.ts'
import { count } from '../lib/settings.ts'
import { median, percentile } from '../lib/stats.ts'

const mostP99Ms = 100
/** What is sent in so long may be under way: a rate that cannot be held does not pile up. */
const unfinishedS = 0.5
/** So much longer than asked it may take until everything has arrived. */
const lateness = 1.02
const lateMs = mostP99Ms
/** Where each search begins, and no clients here send more. */
const first = 500
const most = 32_000

interface Held {
  rate: number
  p50Ms: number
  p99Ms: number
}

/** Messages from one to another at an even pace, faster and faster until they come late. */
export const rate: Row = {
  name: 'rate',
  asks: `Which is the highest rate of one-to-one messages that is held with a p99 of ${mostP99Ms} ms?`,
  isJudged: true,
  hasTalkers: true,
  async run(box) {
    const probeS = count('PROBE_SECONDS', 5)
    const holdS = count('HOLD_SECONDS', 30)
    const rounds = count('ROUNDS', 1)
    const { people } = box.talkers
    const contestants = inOrder(await box.talkers.all())
    const found = new Map(contestants.map(({ name }) => [name, [] as Held[]]))
    for (let round = 1; round <= rounds; round++) {
      let from = first
      for (const one of contestants) {
        const held = await box.reporter.step(`Round ${round} of ${rounds}: ${one.name}`, () =>
          search(one, { from, probeS, holdS, say: box.reporter.say }),
        )
        // Each is faster than the one before, or the search goes down.
        from = Math.max(first, held.rate)
        found.get(one.name)?.push(held)
      }
    }
    const of = (name: string, what: keyof Held) => median((found.get(name) ?? []).map((held) => held[what]))
    const oneByOne = of('one-by-one', 'rate')
    return {
      heading: ['program', 'held a second', 'to one-by-one', 'p50, ms', 'p99, ms'],
      lines: contestants.map(({ name }) => [
        name,
        of(name, 'rate').toFixed(0),
        (of(name, 'rate') / oneByOne).toFixed(1),
        of(name, 'p50Ms').toFixed(0),
        of(name, 'p99Ms').toFixed(0),
      ]),
      notes: [
        `Held for ${holdS} s after probes of ${probeS} s; ${people} users in pairs across ${nodes} nodes; median of ${rounds} rounds.`,
        'The clients take part of the machine, so that what plain and the relay reach is the most that can be seen here.',
      ],
      goals: [
        ratioGoal({
          what: `highest rate held for ${holdS} s with p99 ≤ ${mostP99Ms} ms`,
          against: { of: 'one-by-one', value: oneByOne },
          unit: 'a second',
          value: of('earshot', 'rate'),
          least: 5,
          floor: { of: 'relay', value: of('relay', 'rate') },
        }),
      ],
    }
  },
}

/** The slower ones first. */
function inOrder(contestants: readonly Contestant[]): Contestant[] {
  const programs = ['one-by-one', 'earshot', 'plain', 'relay']
  return contestants.toSorted((a, b) => programs.indexOf(a.program) - programs.indexOf(b.program))
}

async function search(
  { crowd }: Contestant,
  { from, probeS, holdS, say }: { from: number; probeS: number; holdS: number; say: (text: string) => void },
): Promise<Held> {
  let last: Held = { rate: 0, p50Ms: Number.NaN, p99Ms: Number.NaN }
  const holds = async (rate: number, seconds: number) => {
    const order = {
      kind: 'text',
      messages: rate * seconds,
      perSecond: rate,
      unfinished: rate * unfinishedS,
    } as const
    const talked = await crowd.talk(order)
    checkWhole(talked)
    const { latenciesMs, elapsedMs } = talked
    last = { rate, p50Ms: percentile(latenciesMs, 50), p99Ms: percentile(latenciesMs, 99) }
    const isHeld = last.p99Ms <= mostP99Ms && elapsedMs <= seconds * 1_000 * lateness + lateMs
    say(
      `  ${rate} a second for ${seconds} s: p99 ${last.p99Ms.toFixed(0)} ms, done after ${(elapsedMs / 1_000).toFixed(1)} s`,
    )
    return isHeld
  }
  // For the compilers.
  await holds(from, probeS)
  const rate = await highestRate(holds, { from, most, step: 20, probeS, holdS })
  return rate === 0 ? { ...last, rate } : last
}
