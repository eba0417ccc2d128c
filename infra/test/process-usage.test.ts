import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { UsageSampler } from '../loadtest/usage-sampler.ts'
import { NODE } from '../settings.ts'
import { fromPs, parseTime, usageOf } from '../system/process-usage.ts'

const MB = 2 ** 20
/** A shell that waits for a child that uses CPU and memory, and then says so and waits. */
const HUNGRY = `
  const kept = Buffer.alloc(80 * ${MB}, 1)
  while (process.cpuUsage().user < 300_000);
  console.log(kept.length)
  setInterval(() => kept, 1000)`

async function hungry(t: Test): Promise<number> {
  const shell = spawn('sh', ['-c', '"$0" -e "$1"; true', NODE, HUNGRY], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const { pid } = shell
  if (pid === undefined) throw new Error('it did not start')
  t.teardown(() => process.kill(-pid, 'SIGKILL'))
  await once(shell.stdout, 'data')
  return pid
}

t.test('what a process uses, its children included', async (t) => {
  const pid = await hungry(t)
  const usage = usageOf([pid, 2 ** 30])
  t.strictSame([...usage.keys()], [pid], 'one that is not there is absent')
  t.ok((usage.get(pid)?.cpuMs ?? 0) >= 250, 'CPU')
  t.ok((usage.get(pid)?.memoryBytes ?? 0) >= 80 * MB, 'memory')
})

t.test('ps, where there is no /proc, says the same', async (t) => {
  const pid = await hungry(t)
  const all = fromPs()
  const child = [...all.values()].find(({ parent }) => parent === pid)
  t.ok((child?.memoryBytes ?? 0) >= 80 * MB, 'memory')
  t.ok(all.has(pid))
})

t.test('times as ps of Linux and of macOS write them', async (t) => {
  t.equal(parseTime('00:00:07'), 7_000)
  t.equal(parseTime('1:02.34'), 62_340)
  t.equal(parseTime('2-03:04:05'), 183_845_000)
})

t.test('the sampler follows a role from one process to the next', async (t) => {
  const first = await hungry(t)
  const second = await hungry(t)
  let watched = [{ role: 'gateway-1', pid: first }]
  const sampler = new UsageSampler(() => watched)
  sampler.look()
  watched = [{ role: 'gateway-1', pid: second }]
  const { 'gateway-1': series } = sampler.stop()
  t.equal(series?.timesMs.length, 1)
  t.ok((series?.cpuSeconds ?? 0) >= 0.25, 'what the second has used since it started counts whole')
  t.ok((series?.memoryBytes[0] ?? 0) >= 80 * MB)
})
