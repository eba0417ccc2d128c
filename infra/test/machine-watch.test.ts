import t from 'tap'
import { MachineWatch } from '../loadtest/machine-watch.ts'
import { parseStat } from '../system/machine-usage.ts'

/** Looks once a second for so long, with two cores; CPU a second, milliseconds. */
function watched(of: {
  busy: number
  own: number
  stolen?: number
  knowsCluster?: boolean
  seconds?: number
}) {
  const { busy, own, stolen = 0, knowsCluster = true, seconds = 20 } = of
  let second = 0
  const watch = new MachineWatch({
    knowsCluster,
    cores: 2,
    usage: () => ({ busyMs: second * busy, stolenMs: second * stolen }),
  })
  for (; second <= seconds; second++) watch.look(second * 1_000, own)
  return watch
}

t.test('/proc/stat: who works, and who is kept from it', async (t) => {
  const text = 'cpu  100 1 20 9999 888 3 4 50 0 0\ncpu0 1 2 3\n'
  t.strictSame(parseStat(text), { busyMs: 1_280, stolenMs: 500 })
})

t.test('what others have of the machine is no doing of the cluster', async (t) => {
  t.strictSame(watched({ busy: 1_900, own: 1_800 }).heldUp(1_000), [], 'the cluster itself is busy')
  const shared = watched({ busy: 2_000, own: 1_000 })
  t.match(shared.heldUp(1_000), [/Other programs had 50 % of the machine's cores for ten seconds/])
  t.match(shared.others, { cpuSeconds: 20, memoryBytes: [] })
  t.equal(shared.others.cpuPercent.at(-1), 100)
  t.strictSame(watched({ busy: 2_000, own: 1_000, seconds: 8 }).heldUp(1_000), [], 'not for long enough')
  t.strictSame(
    watched({ busy: 2_000, own: 200, knowsCluster: false }).heldUp(1_000),
    [],
    'it may be the cluster',
  )
  t.match(watched({ busy: 1_000, own: 1_000, stolen: 900, knowsCluster: false }).heldUp(1_000), [/45 %/])
})

t.test('a machine that stands still is noticed, where CPU time cannot be told too', async (t) => {
  const watch = new MachineWatch({ knowsCluster: true, cores: 2, usage: () => undefined })
  for (const at of [0, 1_000, 2_100, 6_200, 7_200]) watch.look(at, 0)
  t.strictSame(watch.heldUp(1_000), ['The machine stood still for 3.1 s.'])
  t.strictSame(watch.others.timesMs, [])
})
