import { setTimeout as wait } from 'node:timers/promises'
import { Failure } from '../../../infra/system/failure.ts'
import { provideSpeech } from '../../../infra/tools/speech.ts'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import {
  type Contestant,
  gather,
  names,
  nodes,
  restNote,
  takeTurns,
  withContestants,
} from '../lib/contest.ts'
import {
  checkWhole,
  costCells,
  costHeading,
  ratio,
  type Sample,
  type Summary,
  summary,
} from '../lib/contest-table.ts'
import { makeClip } from '../lib/crowd/clips.ts'
import type { Clip, Talked, TalkKind, TalkOrder } from '../lib/crowd/orders.ts'
import { ratioGoal } from '../lib/goal.ts'
import { insertFloor } from '../lib/insert-floor.ts'
import { atShares, MemoryWatch } from '../lib/memory-watch.ts'
import { measureRest, minusRest } from '../lib/meter.ts'
import type { Row, Table } from '../lib/row.ts'
import { say } from '../lib/say.ts'
import { count, isWanted } from '../lib/settings.ts'
import { missingBlobs } from '../lib/stored-blobs.ts'
import { warmUp } from '../lib/warm-up.ts'

/** Messages that wait for their ack or delivery at the same time: the rate follows from what the machine allows. */
const unfinished = 64
/** One-by-one has no form for every browser, nor has it a waveform: what that costs is measured by itself. */
const storesOnly = { PRESENCE_BROADCAST: 'false', VOICE_FFMPEG: 'off' }
const prepares = { PRESENCE_BROADCAST: 'false' }
const restMs = 10_000
/** Fetched over HTTP by their recipients, one by one. */
const sampled = 20
const shares = [0, 0.25, 0.5, 0.75, 1]

interface Flood {
  talked: Talked
  storedAfterMs: number
  memory: Map<string, number[]>
  /** Stored with the SHA-256 of what was sent. */
  same: number
  /** Of these, fetched by their recipient as they were sent. */
  fetched: number
}

/** Recordings, from those who speak to the blob store. */
export const voice: Row = {
  name: 'voice',
  asks: 'What does a voice message cost, is any lost in a flood of them, and is memory bounded?',
  isJudged: true,
  async run(box) {
    const bytes = count('BYTES', 50_000)
    const people = count('PEOPLE', 1_000)
    const messages = count('FLOOD', 1_000)
    const each = count('EACH', 200)
    const rounds = count('ROUNDS', 2)
    const prepared = isWanted('PREPARED') ? count('PREPARED', 20) : 0
    const missing = await provideSpeech(box)
    if (missing.length > 0) throw new Failure(`Recordings are made by ${missing.join(' and ')}.`)
    const clip = await makeClip(bytes)
    let samples: Sample[] = []
    let rests = ''
    let insertUs = 0
    const flooded = await withContestants(
      box,
      ['one-by-one', 'earshot', 'relay'],
      storesOnly,
      async (contestants) => {
        await gather(box, contestants, () => ({ userIds: names('person', people) }))
        await warmUp(box, contestants)
        samples = await takeTurns(box, contestants, rounds, async (one) => [
          await say(one, { kind: 'text', messages: each, unfinished }),
          await say(one, spokenOrder(one, clip, each)),
        ])
        rests = restNote(contestants)
        const own = contestants.find(({ program }) => program === 'earshot')
        if (!own) throw new Error('nobody to flood')
        const raw = await box.reporter.step('Raw inserts', () =>
          insertFloor(own, each, { audio: clip.bytes }),
        )
        insertUs = raw.databaseUs + raw.driverUs
        return flood(box, own, clip, messages)
      },
    )
    const made = prepared > 0 ? [await prepareCost(box, clip, prepared)] : []
    const of = (kind: TalkKind) =>
      (['earshot', 'one-by-one', 'relay'] as const).map((name) =>
        summary(
          name,
          samples.filter((sample) => sample.kind === kind),
        ),
      )
    const found = { texts: of('text'), voices: of('voice') }
    const about = { bytes: clip.bytes.length, people, each, rounds, prepared, rests, insertUs }
    return [
      costTable(found, made.length > 0 ? summary('earshot', made) : undefined, about),
      memoryTable(flooded, about),
    ]
  },
}

function spokenOrder({ program }: Contestant, clip: Clip, messages: number): Omit<TalkOrder, 'run'> {
  return { kind: 'voice', messages, unfinished, clip, ...(program === 'earshot' && { until: 'stored' }) }
}

/** Says all of them, waits until each is stored, and compares every one with what was sent. */
async function flood(box: Toolbox, own: Contestant, clip: Clip, messages: number): Promise<Flood> {
  const watch = new MemoryWatch(own.servers)
  const startedAt = performance.now()
  const talked = await box.reporter.step(`${messages} voice messages`, () =>
    own.crowd.talk(spokenOrder(own, clip, messages)),
  )
  const storedAfterMs = performance.now() - startedAt
  checkWhole(talked)
  if (talked.stored !== messages) throw new Error(`${talked.stored} of ${messages} were stored`)
  await wait(restMs)
  watch.stop()
  const hashes = await own.crowd.hashes()
  const missing = await box.reporter.step('Comparing what is stored', () =>
    missingBlobs(own.servers.mongoUrl ?? '', hashes),
  )
  if (missing.length > 0) throw new Error(`not stored as sent: ${missing.slice(0, 5).join(', ')}`)
  const { same: fetched, wrong } = await box.reporter.step('Fetching some of it', () =>
    own.crowd.fetch(sampled),
  )
  if (wrong.length > 0) throw new Error(`not what was sent: ${wrong.slice(0, 5).join('; ')}`)
  return { talked, storedAfterMs, memory: watch.series, same: hashes.size, fetched }
}

/** The same with the worker's ffmpeg: few, since each costs more than all else about a message. */
async function prepareCost(box: Toolbox, clip: Clip, messages: number): Promise<Sample> {
  return withContestants(box, ['earshot'], prepares, async ([own]) => {
    if (!own) throw new Error('nobody prepares')
    await gather(box, [own], () => ({ userIds: names('person', 20) }))
    const order = { kind: 'voice', messages, unfinished, clip, until: 'prepared' } as const
    await box.reporter.step('Warming up', () => say(own, order))
    const sample = await box.reporter.step(`${messages} are made playable everywhere`, () => say(own, order))
    const rest = await measureRest(own.servers, restMs)
    return { ...sample, cost: minusRest(sample.cost, rest) }
  })
}

interface About {
  bytes: number
  people: number
  each: number
  rounds: number
  prepared: number
  rests: string
  /** Of a document with the audio in it. */
  insertUs: number
}

function costTable(
  { texts, voices }: { texts: Summary[]; voices: Summary[] },
  prepared: Summary | undefined,
  { bytes, people, each, rounds, prepared: preparedMessages, rests, insertUs }: About,
): Table {
  const line = (what: string, one: Summary, text?: Summary, oneByOne?: Summary) => [
    what,
    one.perSecond.toFixed(0),
    ...costCells(one),
    ratio(one.cpuUs, text?.cpuUs),
    ratio(one.cpuUs, oneByOne?.cpuUs),
  ]
  const [text, oldText] = texts
  const [spoken, oldSpoken, relayed] = voices
  if (!text || !oldText || !spoken || !oldSpoken || !relayed) throw new Error('nothing was measured')
  return {
    heading: ['a message', 'a second', ...costHeading, 'to text', 'to one-by-one'],
    lines: [
      line('text', text, text, oldText),
      line('voice', spoken, text, oldSpoken),
      ...(prepared ? [line('voice, made playable everywhere', prepared, text, oldSpoken)] : []),
      line('one-by-one: text', oldText, oldText, oldText),
      line('one-by-one: voice', oldSpoken, oldText, oldSpoken),
      line('relay: voice', relayed, undefined, oldSpoken),
    ],
    notes: [
      rests,
      `µs of CPU time a message; ${bytes} bytes of WebM/Opus each, ${people} users on ${nodes} nodes, ${unfinished} messages unfinished at any time; median of ${rounds} rounds of ${each}.`,
      'A voice message is measured until it is in the blob store. There is no ffmpeg, as one-by-one has none.',
      ...(prepared
        ? [
            `Made playable: ${preparedMessages} of them, with ffmpeg: decoded, measured, drawn, encoded as AAC.`,
          ]
        : []),
      `Floor: a relay of bare sockets, and inserting a document with the audio in it, ${insertUs.toFixed(0)} µs in driver and database.`,
    ],
    goals: [
      ratioGoal({
        what: `voice of ${(bytes / 1_000).toFixed(0)} KB, until it is stored`,
        against: { of: 'one-by-one, base64,', value: oldSpoken.cpuUs },
        unit: 'µs',
        value: spoken.cpuUs,
        most: 0.5,
        floor: { of: 'relay and insert', value: relayed.cpuUs + insertUs },
      }),
    ],
  }
}

function memoryTable(
  { talked, storedAfterMs, memory, same, fetched }: Flood,
  { bytes, people }: About,
): Table {
  const mb = (value: number) => (value / 2 ** 20).toFixed(0)
  const seconds = (ms: number) => (ms / 1_000).toFixed(0)
  return {
    heading: ['MB resident', 'before', 'a quarter', 'half', 'three quarters', 'end', 'peak'],
    lines: [...memory].map(([role, series]) => [
      role,
      ...atShares(series, shares).map(mb),
      mb(Math.max(...series)),
    ]),
    notes: [
      `${talked.sent} voice messages of ${bytes} bytes by ${people} users in ${seconds(talked.elapsedMs)} s, all stored after ${seconds(storedAfterMs)} s; the end is ${restMs / 1_000} s later.`,
      `Acknowledged: ${talked.acked}; delivered with the audio that was sent: ${talked.delivered}; twice: ${talked.doubled}; stored with the SHA-256 of what was sent: ${same}; **lost: ${talked.sent - same}**. Of these fetched by the recipient, the same: ${fetched}.`,
      "Memory of a process with its descendants; of PostgreSQL's what they do not share.",
    ],
  }
}
