import { setTimeout as wait } from 'node:timers/promises'
import { directConversationId } from '@earshot/protocol'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { type Goal, ratioGoal } from '../lib/goal.ts'
import { type Cost, measure, measureRest, minusRest, type Rest } from '../lib/meter.ts'
import { Past } from '../lib/past.ts'
import { Person } from '../lib/person.ts'
import { isByIndex, stagesOf } from '../lib/query-plan.ts'
import type { Row, Table } from '../lib/row.ts'
import { type Part, parts, Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'
import { median } from '../lib/stats.ts'

const page = 50
/** In the conversation that is read, and in each of those that are there beside it. */
const conversationSize = 1_000
/** At the most, for a collection so many times as large: as far as two measurements of the same are apart. */
const most = 1.15
/** Until what very many inserts leave to do is done. */
const settleMs = 5_000
const restMs = 5_000
const reader = 'reader'
const writer = 'writer'
const own = directConversationId(reader, writer)
const long = directConversationId(reader, 'talker')

/** One of two clusters, which differ in how much has been said before. */
interface Place {
  servers: Servers
  past: Past
  person: Person
  rest: Rest
}

interface Case {
  what: string
  place: Place
  read: () => Promise<number>
}

interface Read {
  what: string
  /** Of rounds: what a page cost, and the middle one of what each took, milliseconds. */
  costs: Cost[]
  ms: number[]
}

/** A page from the middle of a conversation, with little and with very much beside it. */
export const history: Row = {
  name: 'history',
  asks: `Does a page of ${page} messages take longer when the collection is larger?`,
  isJudged: true,
  async run(box) {
    const size = count('COLLECTION', 1_000_000)
    const pages = count('PAGES', 300)
    const rounds = count('ROUNDS', 3)
    const places: Place[] = []
    try {
      for (const _ of ['few', 'many']) places.push(await begin(box))
      const [few, many] = places as [Place, Place]
      await fill(box, many.past, size)
      const paged = (what: string, place: Place, conversationId: string, middle: number): Case => {
        const path = `/chat/${encodeURIComponent(conversationId)}/messages?limit=${page}&beforeSeq=${middle}`
        const read = async () =>
          (await place.person.http<{ messages: object[] }>('GET', path)).messages.length
        return { what, place, read }
      }
      const cases = [
        paged(`among ${conversationSize}`, few, own, conversationSize / 2),
        paged(`among ${size}`, many, own, conversationSize / 2),
        paged(`of a conversation of ${size / 2}`, many, long, size / 4),
        { what: 'raw find', place: many, read: async () => (await query(many.past).toArray()).length },
      ]
      for (const place of places) place.rest = await measureRest(place.servers, restMs)
      const reads = cases.map(({ what }): Read => ({ what, costs: [], ms: [] }))
      for (let round = 0; round <= rounds; round++) {
        for (const [i, one] of cases.entries()) {
          const { cost, ms } = await box.reporter.step(`Round ${round} of ${rounds}: ${one.what}`, () =>
            timed(one, pages),
          )
          // The first is for the compilers.
          if (round > 0) reads[i]?.costs.push(cost)
          if (round > 0) reads[i]?.ms.push(ms)
        }
      }
      const stages = stagesOf(await query(many.past).explain())
      return tableOf({ reads, stages, size, pages, rounds })
    } finally {
      for (const { past, servers } of places) {
        await past.close()
        await servers.stop()
      }
    }
  },
}

/** One message that was really said, by one to oneself; and a conversation of copies. */
async function begin(box: Toolbox): Promise<Place> {
  const servers = await Servers.start(box, { nodes: 1 })
  let past: Past | undefined
  try {
    const device = await new Person(servers, writer).connect(0)
    const { _id } = await device.send('message', { recipientId: writer, content: 'So far so good, and you?' })
    device.close()
    past = await Past.open(servers.mongoUrl ?? '', _id)
    await past.say([[own, conversationSize]])
    await past.analyse()
    return { servers, past, person: new Person(servers, reader), rest: await measureRest(servers, 1) }
  } catch (error) {
    await past?.close()
    await servers.stop()
    throw error
  }
}

/** Half of it is in one conversation, the other half in many. */
async function fill(box: Toolbox, past: Past, size: number): Promise<void> {
  await box.reporter.step(`${size} messages`, async () => {
    const others = Array.from({ length: size / 2 / conversationSize - 1 }, (_, i): [string, number] => [
      directConversationId(reader, `person-${i}`),
      conversationSize,
    ])
    await past.say([[long, size / 2], ...others])
    await past.analyse()
    await wait(settleMs)
  })
}

/** As the cluster asks MongoDB for a page. */
function query(past: Past) {
  return past.messages
    .find({ conversationId: own, seq: { $lt: conversationSize / 2 } })
    .sort({ seq: -1 })
    .limit(page)
}

/** One after the other. */
async function timed({ place, read }: Case, pages: number): Promise<{ cost: Cost; ms: number }> {
  const took: number[] = []
  const cost = await measure(place.servers, pages, async () => {
    for (let i = 0; i < pages; i++) {
      const startedAt = performance.now()
      const found = await read()
      took.push(performance.now() - startedAt)
      if (found !== page) throw new Error(`a page of ${found}`)
    }
  })
  return { cost: minusRest(cost, place.rest), ms: median(took) }
}

function tableOf(of: {
  reads: Read[]
  stages: string[]
  size: number
  pages: number
  rounds: number
}): Table {
  const { reads, stages, size, pages, rounds } = of
  const found = reads.map(({ what, costs, ms }) => {
    const part = (name: Part) => median(costs.map((cost) => cost.parts[name])).toFixed(0)
    return { what, parts: parts.map(part), us: median(costs.map(({ cpuUs }) => cpuUs)), ms: median(ms) }
  })
  const [few, many, inLong, raw] = found
  if (!few || !many || !inLong || !raw) throw new Error('nothing was measured')
  const goal = (what: string, us: number): Goal => {
    const judged = ratioGoal({
      what,
      against: { of: few.what, value: few.us },
      unit: 'µs',
      value: us,
      most,
      floor: { of: 'find, the database alone,', value: raw.us },
    })
    return {
      ...judged,
      toReach: `${judged.toReach}, by an index alone`,
      figure: `${judged.figure}, ${isByIndex(stages) ? 'by an index alone' : stages.join(' ← ')}`,
      isReached: judged.isReached && isByIndex(stages),
    }
  }
  return {
    heading: ['a page', ...parts, 'all', 'ratio', 'ms', 'ratio'],
    lines: found.map((one) => [
      one.what,
      ...one.parts,
      one.us.toFixed(0),
      (one.us / few.us).toFixed(2),
      one.ms.toFixed(1),
      (one.ms / few.ms).toFixed(2),
    ]),
    notes: [
      `µs of CPU time a page of ${page} from the middle of a conversation over HTTP, one after the other, without what the cluster does anyway; and the middle of what each took. Median of ${rounds} rounds of ${pages}.`,
      `Two clusters in turns. Of the ${size} messages half are in one conversation, the others in conversations of ${conversationSize}. The raw find is without the gateway, and its driver is not counted.`,
      `The plan, by explain(): ${stages.join(' ← ')}.`,
    ],
    goals: [
      goal(`history page of ${page} among ${size} messages`, many.us),
      goal(`the same, of a conversation of ${size / 2}`, inLong.us),
    ],
  }
}
