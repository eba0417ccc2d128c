import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { checkWhole } from '../lib/contest-table.ts'
import { cpuTimes, parseStat } from '../lib/cpu-time.ts'
import { atShares } from '../lib/memory-watch.ts'
import { minusRest } from '../lib/meter.ts'
import { ratioTable } from '../lib/ratio-table.ts'
import { median, percentile } from '../lib/stats.ts'

t.test('/proc/<pid>/stat, with a name that looks like its own end', async (t) => {
  const after = 'S 41 7 7 0 -1 4194560 100 0 0 0 12 3 4 1 20 0 1 0 555 1000'
  t.same(parseStat(`7 (node) x (S 1) ${after}`), { parent: 41, usedUs: 200_000 })
})

t.test(
  'CPU time of a process counts its children, running or ended',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const burn = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end) {}'
    const ended = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(burn)}])`
    const child = spawn(process.execPath, ['-e', `${ended}; process.stdin.resume(); console.log('done')`])
    t.teardown(() => child.kill())
    await once(child.stdout, 'data')
    const { all } = cpuTimes({ all: [child.pid ?? 0] })
    t.ok(all >= 200_000, `${all} µs`)
    t.ok(cpuTimes({ us: [process.pid] }).us >= all, 'and theirs in ours')
  },
)

t.test('the median', async (t) => {
  t.equal(median([9, 1, 5]), 5)
  t.equal(median([4, 1, 9, 2]), 3)
  t.throws(() => median([]), RangeError)
})

t.test('ratios are to the first case', async (t) => {
  const cost = (cpuUs: number) => ({
    cpuUs,
    ms: 1,
    parts: { gateways: cpuUs, worker: 0, redis: 0, database: 0 },
  })
  const cases = new Map([
    ['10', new Map([['add', cost(2_000)]])],
    ['5000', new Map([['add', cost(3_000)]])],
  ])
  t.same(ratioTable('members:', cases), {
    heading: ['members:', '10', '5000'],
    lines: [['add', '2.0 (1.00)', '3.0 (1.50)']],
  })
})

t.test('a percentile is a value that was measured', async (t) => {
  const values = Float64Array.from([40, 10, 30, 20])
  t.equal(percentile(values, 50), 20)
  t.equal(percentile(values, 51), 30)
  t.equal(percentile(values, 99), 40)
  t.throws(() => percentile(new Float64Array(), 50), RangeError)
})

t.test('what servers do anyway is taken off for as long as an operation took', async (t) => {
  const parts = { gateways: 100, worker: 50, redis: 10, database: 40 }
  const rest = { gateways: 2, worker: 1, redis: 0, database: 0.5 }
  t.same(minusRest({ parts, cpuUs: 200, ms: 10 }, rest), {
    parts: { gateways: 80, worker: 40, redis: 10, database: 35 },
    cpuUs: 165,
    ms: 10,
  })
})

t.test('a series at shares of its length', async (t) => {
  t.same(atShares([5, 6, 7, 8, 9], [0, 0.25, 0.5, 1]), [5, 6, 7, 9])
})

t.test('a round in which a message is lost, doubled or altered is no measurement', async (t) => {
  const whole = { sent: 4, acked: 4, delivered: 4, doubled: 0, altered: 0, stored: 0, elapsedMs: 1 }
  const talked = { ...whole, latenciesMs: new Float64Array(4) }
  t.doesNotThrow(() => checkWhole(talked))
  t.doesNotThrow(() => checkWhole({ ...talked, delivered: 4_000 }, 4_000), 'a group')
  for (const fault of [{ acked: 3 }, { delivered: 3 }, { doubled: 1 }, { altered: 1 }])
    t.throws(() => checkWhole({ ...talked, ...fault }), JSON.stringify(fault))
})
