import t from 'tap'
import { withFigures } from '../lib/docs-table.ts'
import { goalMarkdown, goalTable, ratioGoal } from '../lib/goal.ts'
import { placeOf, selfTimes } from '../lib/profile.ts'
import { isByIndex, stagesOf } from '../lib/query-plan.ts'
import { highestRate } from '../lib/rate-search.ts'
import { differences, median } from '../lib/stats.ts'
import { costsOf } from '../lib/storm-costs.ts'

const of = { what: 'a message', against: { of: 'plain', value: 200 }, unit: 'µs', floor: undefined }

t.test('a goal is a multiple of what was measured beside it', async (t) => {
  const most = (value: number) => ratioGoal({ ...of, value, most: 1.5 })
  t.match(most(300), {
    figure: '1.50 × (300 µs)',
    toReach: '≤ 1.5 ×',
    against: 'plain 200 µs',
    isReached: true,
  })
  t.match(most(302), { isReached: false })
  const least = (value: number) => ratioGoal({ ...of, value, least: 5 })
  t.match(least(1_000), { toReach: '≥ 5 ×', isReached: true })
  t.match(least(998), { isReached: false })
  t.match(ratioGoal({ ...of, value: Number.NaN, most: 1 }), { isReached: false }, 'no figure reaches nothing')
  const nothing = { of: 'plain', value: -1 }
  t.match(ratioGoal({ ...of, against: nothing, value: 9, most: 1 }), { isReached: false })
})

t.test('a floor is told by how far it is, a ceiling too', async (t) => {
  const floor = (value: number) =>
    ratioGoal({ ...of, value: 300, most: 1, floor: { of: 'relay', value } }).floor
  t.equal(floor(100), 'relay 100 µs: 3.0 × away')
  t.equal(floor(600), 'relay 600 µs: 2.0 × away')
})

t.test('the table of a run, and as the documentation has it', async (t) => {
  const judged = [{ row: 'direct', ...ratioGoal({ ...of, value: 500, most: 1.5 }) }]
  t.same(goalTable(judged).lines, [
    ['direct', 'a message', 'plain 200 µs', '≤ 1.5 ×', '2.50 × (500 µs)', 'no', ''],
  ])
  t.match(
    goalMarkdown(judged),
    '| `direct` | a message | plain 200 µs | ≤ 1.5 × | 2.50 × (500 µs) | **no** |  |',
  )
})

t.test('the highest rate is found, and is one that was held', async (t) => {
  const search = { from: 500, most: 8_000, step: 20, probeS: 1, holdS: 30 }
  const found = async (limit: number, limitWhenHeld = limit) => {
    const held: number[] = []
    const highest = await highestRate(async (rate, seconds) => {
      const holds = rate <= (seconds === search.holdS ? limitWhenHeld : limit)
      if (holds && seconds === search.holdS) held.push(rate)
      return holds
    }, search)
    if (highest > 0) t.equal(held.at(-1), highest)
    return highest
  }
  for (const limit of [60, 499, 500, 1_700, 7_999]) {
    const highest = await found(limit)
    t.ok(highest <= limit && highest >= limit * 0.8, `${highest} of ${limit}`)
  }
  t.equal(await found(100_000), search.most)
  t.equal(await found(10), 0)
  t.equal(await found(1_000, 900), 860, 'what held for a short time only is lowered')
  t.equal(await found(1_000, 0), 0)
})

t.test('whether a plan reads by an index alone', async (t) => {
  const postgres = {
    'Node Type': 'Limit',
    Plans: [{ 'Node Type': 'Index Scan', 'Index Name': 'messages_seq_idx' }],
  }
  const byIndex = stagesOf({ queryPlanner: { Plan: postgres } })
  t.same(byIndex, ['Limit', 'Index Scan (messages_seq_idx)'])
  t.ok(isByIndex(byIndex))
  const mongo = {
    stage: 'LIMIT',
    inputStage: { stage: 'FETCH', inputStage: { stage: 'IXSCAN', indexName: 'x' } },
  }
  const rejected = { stage: 'SORT', inputStage: { stage: 'COLLSCAN' } }
  const stages = stagesOf({ queryPlanner: { winningPlan: mongo, rejectedPlans: [rejected] } })
  t.same(stages, ['LIMIT', 'FETCH', 'IXSCAN (x)'])
  t.ok(isByIndex(stages))
  t.notOk(isByIndex(stagesOf({ queryPlanner: { winningPlan: rejected } })))
  t.notOk(isByIndex(['Limit', 'Sort', 'Bitmap Heap Scan', 'Bitmap Index Scan (x)']))
  t.notOk(isByIndex(['Limit', 'Seq Scan']))
})

t.test('where the time of a profile went', async (t) => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 1 })
  const frames = [
    frame('(idle)'),
    frame('write', 'file:///x/node_modules/ws/lib/sender.js'),
    frame('emit', 'file:///x/node_modules/@socket.io/redis-adapter/index.js'),
    frame('writev', 'node:internal/stream'),
    frame('(garbage collector)'),
    frame('call'),
  ]
  const nodes = frames.map((callFrame, id) => ({ id, callFrame }))
  const profile = { nodes, samples: [0, 1, 2, 3, 4, 5, 1], timeDeltas: [900, 10, 20, 30, 40, 50, 60] }
  t.same(
    [...selfTimes([profile, profile], placeOf)],
    [
      ['ws', 140],
      ['@socket.io/redis-adapter', 40],
      ['Node', 60],
      ['(garbage collector)', 80],
      ['native', 100],
    ],
  )
})

t.test('the figures of rows that were measured one by one make one table of the documentation', async (t) => {
  const measured = (row: string, at: string) => {
    const judged = [{ row, ...ratioGoal({ ...of, value: 200, most: 1 }) }]
    return { row, at, about: 'A machine', isBrief: true, judged }
  }
  const marks = ['<!-- figures: make bench ROW=docs -->', '<!-- end of figures -->']
  const page = withFigures(`before\n${marks.join('\nold\n')}\nafter\n`, [
    measured('direct', '2026-01-01T10:00:00Z'),
    measured('burst', '2026-01-01T11:00:00Z'),
    measured('voice', '2026-01-02T10:00:00Z'),
  ])
  t.match(page, /^before\n<!--/)
  t.match(page, /\| `direct` \| .*\n\| `burst` \| .*\n\| `voice` \| /)
  t.match(
    page,
    'A machine; in brief, 2026-01-01: direct, burst.\n\nA machine; in brief, 2026-01-02: voice.\n',
  )
  t.match(page, /after\n$/)
  t.notMatch(page, 'old')
  t.throws(() => withFigures('nothing', []))
})

t.test('what drifts for both is in no difference of pairs', async (t) => {
  const [nobody, subscribed] = [
    [3.0, 3.4, 4.1],
    [3.2, 3.7, 4.3],
  ]
  t.equal(median(differences(subscribed, nobody)).toFixed(1), '0.2')
  t.same(differences([5, 7], [4]), [1], 'one without the other is no pair')
})

t.test('what clusters use anyway is taken off by one rate, and what one uses beyond it stays', async (t) => {
  const used = (gateways: number, ms: number) => ({
    cpu: { gateways, worker: 0, redis: 0, database: 0 },
    redisBytes: 0,
    ms,
  })
  const storm = (gateways: number, after: number) => ({
    used: used(gateways, 10_000),
    after: used(after, 5_000),
    statuses: 0,
    clientBytes: 0,
  })
  const [nobody, subscribed] = costsOf([[storm(3_000, 400)], [storm(3_500, 600)]])
  t.same([nobody?.[0]?.cpuUs, subscribed?.[0]?.cpuUs], [2_000, 2_500])
})
