import { directConversationId } from '@earshot/protocol'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { type Goal, ratioGoal } from '../lib/goal.ts'
import { type Cost, measure } from '../lib/meter.ts'
import { Past } from '../lib/past.ts'
import { Person } from '../lib/person.ts'
import { isByIndex, stagesOf } from '../lib/query-plan.ts'
import type { Row, Table } from '../lib/row.ts'
import { parts, Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'
import { median } from '../lib/stats.ts'

const page = 50
/** In the conversation that is read, and in each of those that are there beside it. */
const conversationSize = 1_000
/** At the most, for a collection so many times as large: as far as two measurements of the same are apart. */
const most = 1.15
const rounds = 3
const reader = 'reader'
const writer = 'writer'
const own = directConversationId(reader, writer)
const long = directConversationId(reader, 'talker')

interface Read {
  what: string
  cost: Cost
  /** The middle one of what each took, milliseconds. */
  ms: number
}

/** A page in the middle of a conversation, before and after there is very much beside it. */
export const history: Row = {
  name: 'history',
  asks: `Does a page of ${page} messages take longer when the collection is larger?`,
  isJudged: true,
  async run(box) {
    const size = count('COLLECTION', 1_000_000)
    const pages = count('PAGES', 300)
    const servers = await Servers.start(box, { nodes: 1 })
    let past: Past | undefined
    try {
      past = await begin(servers)
      const person = new Person(servers, reader)
      const read = (what: string, conversationId: string, middle: number) =>
        box.reporter.step(what, () => readPages(servers, { person, what, conversationId, middle, pages }))
      await read('warming up', own, conversationSize / 2)
      const before = await read(`${conversationSize} messages in whole`, own, conversationSize / 2)
      await fill(box, past, size)
      const after = await read(`${size} messages in whole`, own, conversationSize / 2)
      const inLong = await read(`of a conversation of ${size / 2}`, long, size / 4)
      const raw = await box.reporter.step('The same by the driver alone', () =>
        readRaw(servers, past as Past, pages),
      )
      const stages = stagesOf(await query(past, own).explain())
      return tableOf({ reads: [before, after, inLong, raw], stages, size, pages })
    } finally {
      await past?.close()
      await servers.stop()
    }
  },
}

/** One message that was really said, by one to oneself; and a conversation of copies. */
async function begin(servers: Servers): Promise<Past> {
  const device = await new Person(servers, writer).connect(0)
  const { _id } = await device.send('message', {
    recipientId: writer,
    content: 'So far so good, and you?',
  })
  device.close()
  const past = await Past.open(servers.mongoUrl ?? '', _id)
  await past.say(own, conversationSize)
  await past.analyse()
  return past
}

/** Half of it is in one conversation, the other half in many. */
async function fill(box: Toolbox, past: Past, size: number): Promise<void> {
  await box.reporter.step(`${size} messages`, async () => {
    await past.say(long, size / 2)
    for (let said = conversationSize; said < size / 2; said += conversationSize) {
      await past.say(directConversationId(reader, `person-${said}`), conversationSize)
    }
    await past.analyse()
  })
}

async function readPages(
  servers: Servers,
  of: { person: Person; what: string; conversationId: string; middle: number; pages: number },
): Promise<Read> {
  const path = `/chat/${encodeURIComponent(of.conversationId)}/messages?limit=${page}&beforeSeq=${of.middle}`
  return timed(servers, of.what, of.pages, async () => {
    const { messages } = await of.person.http<{ messages: object[] }>('GET', path)
    if (messages.length !== page) throw new Error(`a page of ${messages.length}`)
  })
}

async function readRaw(servers: Servers, past: Past, pages: number): Promise<Read> {
  return timed(servers, 'raw find', pages, async () => {
    const found = await query(past, own).toArray()
    if (found.length !== page) throw new Error(`a page of ${found.length}`)
  })
}

/** As the cluster asks MongoDB for a page. */
function query(past: Past, conversationId: string) {
  return past.messages
    .find({ conversationId, seq: { $lt: conversationSize / 2 } })
    .sort({ seq: -1 })
    .limit(page)
}

/** One after the other; of several rounds the one in the middle. */
async function timed(
  servers: Servers,
  what: string,
  pages: number,
  read: () => Promise<void>,
): Promise<Read> {
  const found: Read[] = []
  for (let round = 0; round < rounds; round++) {
    const took: number[] = []
    const cost = await measure(servers, pages, async () => {
      for (let i = 0; i < pages; i++) {
        const startedAt = performance.now()
        await read()
        took.push(performance.now() - startedAt)
      }
    })
    found.push({ what, cost, ms: median(took) })
  }
  const middle = found.toSorted((a, b) => a.cost.cpuUs - b.cost.cpuUs)[Math.floor(rounds / 2)]
  if (!middle) throw new Error('nothing was read')
  return middle
}

function tableOf(of: { reads: Read[]; stages: string[]; size: number; pages: number }): Table {
  const { reads, stages, size, pages } = of
  const [before, after, inLong, raw] = reads
  if (!before || !after || !inLong || !raw) throw new Error('nothing was measured')
  const goal = (what: string, one: Read): Goal => {
    const found = ratioGoal({
      what,
      against: { of: `among ${conversationSize}`, value: before.cost.cpuUs },
      unit: 'µs',
      value: one.cost.cpuUs,
      most,
      floor: { of: 'find, the database alone,', value: raw.cost.cpuUs },
    })
    const toReach = `${found.toReach}, by the plan`
    const figure = `${found.figure}, ${stages.join(' ← ')}`
    return { ...found, toReach, figure, isReached: found.isReached && isByIndex(stages) }
  }
  return {
    heading: ['a page', ...parts, 'all', 'ratio', 'ms', 'ratio'],
    lines: reads.map(({ what, cost, ms }) => [
      what,
      ...parts.map((part) => cost.parts[part].toFixed(0)),
      cost.cpuUs.toFixed(0),
      (cost.cpuUs / before.cost.cpuUs).toFixed(2),
      ms.toFixed(1),
      (ms / before.ms).toFixed(2),
    ]),
    notes: [
      `µs of CPU time a page of ${page} from the middle of a conversation over HTTP, one after the other, and the middle of what each took; ${rounds} rounds of ${pages}. What the cluster does anyway is in it.`,
      `Half of the ${size} messages are in one conversation, the others in conversations of ${conversationSize}. The raw find is without the gateway, and its driver is not counted.`,
      `The plan, by explain(): ${stages.join(' ← ')}.`,
    ],
    goals: [
      goal(`history page of ${page} among ${size} messages`, after),
      goal(`the same, of a conversation of ${size / 2}`, inLong),
    ],
  }
}
