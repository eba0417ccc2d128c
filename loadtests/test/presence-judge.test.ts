import { test } from 'tap'
import { PresenceJudge, type Told } from '../lib/judge/presence-judge.ts'

const iso = (ms: number) => new Date(ms).toISOString()

function judged() {
  const faults: string[] = []
  const lags: number[] = []
  const flickers: string[] = []
  const late: string[] = []
  const overtaken: true[] = []
  const sink = {
    check: () => undefined,
    lag: (ms: number) => lags.push(ms),
    flicker: (f: string) => flickers.push(f),
    overtaken: () => overtaken.push(true),
    late: (f: string) => late.push(f),
    fault: (f: string) => faults.push(f),
  }
  const judge = new PresenceJudge(sink, {
    lastSeenMs: 100,
    onlineStaleMs: 500,
    cacheMs: 5,
    flickerMs: 300,
  })
  judge.becomes('bob', true, 1_000, 50)
  return { judge, faults, lags, flickers, late, overtaken }
}

function bob(isOnline: boolean, lastSeen: number | null, version?: number): Told {
  const told = { userId: 'bob', isOnline, lastSeen: lastSeen === null ? null : iso(lastSeen) }
  return version === undefined ? told : { ...told, version }
}

test('the truth, told in time, is no fault', async (t) => {
  const { judge, faults, lags, late } = judged()
  judge.watches('ann', ['bob'])
  judge.answered('ann', bob(false, null, 0), 1_010)
  t.notOk(judge.everybodyKnows())
  judge.event('ann', bob(true, 1_000, 1), 1_020)
  t.ok(judge.everybodyKnows())
  judge.becomes('bob', false, 2_000, 50)
  t.notOk(judge.everybodyKnows())
  judge.event('ann', bob(false, 1_990, 2), 2_030)
  t.strictSame(judge.answeredAll('http', ['bob'], [bob(false, 1_990)], 3_000), [])
  judge.overdue()
  judge.conclude()
  t.strictSame([...faults, ...late], [])
  t.strictSame(lags, [20, 30])
})

test('what is not so any more is late: after the time, by event or answer', async (t) => {
  const { judge, faults, late } = judged()
  judge.answered('ann', bob(false, null), 1_049)
  t.equal(late.length, 0, 'it may take its time')
  judge.answered('ann', bob(false, null), 1_050)
  judge.event('eve', bob(false, 1_000, 2), 1_200)
  t.equal(late.length, 2)
  t.match(late[1], /eve was told that bob is offline, 200 ms after the opposite/)
  t.strictSame(faults, [], 'unless it stays so')
})

test('who does not know when all should is late, and wrong who never does', async (t) => {
  const { judge, faults, late } = judged()
  judge.watches('ann', ['bob'])
  judge.answered('ann', bob(false, null, 0), 1_010)
  judge.overdue()
  t.strictSame([late, faults], [['ann believes that bob is offline, who is online'], []])
  t.strictSame(judge.answeredAll('http', ['bob'], [bob(false, null)], 1_100, { last: false }), ['bob'])
  t.strictSame(faults, [], 'it is asked again')
  judge.answeredAll('http', ['bob'], [bob(false, null)], 1_200, { last: true })
  judge.conclude()
  t.match(faults, [/http is told to the end that bob is offline/, /ann believes that bob is offline/])
})

test('a ghost and a flicker: who left stays online, who is there is shown as gone', async (t) => {
  const { judge, faults } = judged()
  judge.watches('ann', ['bob'])
  judge.answered('ann', bob(true, 1_000, 1), 1_100)
  judge.becomes('bob', false, 2_000, 50)
  judge.conclude()
  t.strictSame(faults, ['ann believes that bob is online, who is offline'])
})

test('what nobody was told is a fault too', async (t) => {
  const { judge, faults } = judged()
  judge.watches('ann', ['bob'])
  judge.conclude()
  judge.answeredAll('http', ['bob'], [], 2_000)
  t.strictSame(faults, ['ann believes that bob is unknown, who is online', 'http was told nothing of bob'])
})

test('who has left themselves is not asked what they believe', async (t) => {
  const { judge, faults } = judged()
  judge.becomes('ann', true, 1_000, 50)
  judge.watches('ann', ['bob'])
  judge.becomes('ann', false, 2_000, 50)
  judge.conclude()
  t.strictSame(faults, [])
})

test('an event and an answer of one version may overtake each other', async (t) => {
  const { judge, faults } = judged()
  judge.answered('ann', bob(true, 1_004, 1), 1_010)
  judge.event('ann', bob(true, 1_000, 1), 1_020)
  judge.answered('ann', bob(true, 1_002, 1), 1_015)
  t.strictSame(faults, [], 'the answer was asked for before the event came')
  judge.answered('ann', bob(true, 1_003, 1), 1_030)
  t.match(faults, [/last seen 1 ms before what was told earlier/])
})

test('what is older by its version is passed over; lastSeen never goes back', async (t) => {
  const { judge, faults, late, overtaken } = judged()
  judge.watches('ann', ['bob'])
  judge.event('ann', bob(true, 1_050, 3), 1_060)
  judge.event('ann', bob(false, 1_020, 2), 1_070)
  t.equal(overtaken.length, 1)
  judge.answered('ann', bob(false, null, 0), 1_500)
  judge.conclude()
  t.strictSame([...faults, ...late], [], 'the newer one counts')
  judge.answered('ann', bob(true, 1_040), 1_080)
  t.match(faults, [/last seen 10 ms before what was told earlier/])
})

test('one version is one state', async (t) => {
  const { judge, faults } = judged()
  judge.event('ann', bob(true, 1_000, 1), 1_010)
  judge.answered('ann', bob(false, 1_000, 1), 1_005)
  t.match(faults, [/bob is offline by version 1, as the opposite was/])
})

test('lastSeen: at most a heartbeat from the truth; far from it is untrue', async (t) => {
  const { judge, faults, late } = judged()
  judge.answered('ann', bob(true, 1_000), 1_501)
  t.match(late, [/online, was last seen 501 ms ago/])
  judge.becomes('bob', false, 5_000, 50)
  judge.answered('ann', bob(false, 4_900), 6_000)
  t.equal(late.length, 1)
  judge.answered('eve', bob(false, 4_899), 6_000)
  t.match(late[1], /101 ms away from when they left/)
  t.strictSame(faults, [])
  judge.answered('tom', bob(false, 3_999), 6_000)
  t.match(faults, [/1001 ms away from when they left/])
})

test('an answer without a version may be as old as nodes keep it', async (t) => {
  const { judge, faults } = judged()
  judge.answered('ann', bob(true, 1_050), 1_060)
  judge.answered('ann', bob(true, 1_045), 1_070)
  t.strictSame(faults, [])
  judge.answered('ann', bob(true, 1_044), 1_080)
  t.match(faults, [/last seen 6 ms before/])
})

test('somebody who is about to come may be shown either way', async (t) => {
  const { judge, faults, lags } = judged()
  judge.becomes('bob', false, 2_000, 50)
  judge.becomes('bob', true, 3_000, Number.POSITIVE_INFINITY)
  judge.answered('http', bob(false, 2_000), 3_100)
  judge.event('ann', bob(true, 3_050, 3), 3_200)
  judge.becomes('bob', true, 3_250, 50)
  judge.event('eve', bob(true, 3_050, 3), 3_260)
  t.strictSame([faults, lags], [[], []], 'who was told before they had come was told at once')
})

test('a flicker: one who is away for a moment is shown as gone', async (t) => {
  const { judge, faults, flickers } = judged()
  judge.event('ann', bob(true, 1_000, 1), 1_010)
  judge.away('bob', 1_900)
  judge.event('ann', bob(false, 1_900, 2), 2_000)
  t.strictSame(flickers, [], 'it depends on when they are back')
  judge.becomes('bob', true, 2_200, 50)
  judge.event('eve', bob(false, 1_900, 2), 2_249)
  t.match(flickers, [/ann was told that bob is gone/, /eve was told that bob is gone/])
  judge.event('ann', bob(true, 2_200, 3), 2_210)
  t.strictSame(faults, [])
})

test('one who is away for long may be shown as gone, and must be shown as back', async (t) => {
  const { judge, faults, flickers } = judged()
  judge.watches('ann', ['bob'])
  judge.away('bob', 2_000)
  judge.event('ann', bob(false, 2_000, 2), 9_000)
  judge.becomes('bob', true, 10_000, 50)
  t.strictSame([faults, flickers], [[], []])
  judge.conclude()
  t.match(faults, [/ann believes that bob is offline, who is online/])
})
