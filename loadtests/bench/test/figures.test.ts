import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { cpuTimes, parseStat } from '../lib/cpu-time.ts'
import { ratioTable } from '../lib/ratio-table.ts'
import { median } from '../lib/stats.ts'

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
