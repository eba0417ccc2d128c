import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { silent } from '../report/reporter.ts'
import { Daemon, type Surroundings } from '../servers/daemon.ts'
import { answersOk } from '../servers/probes.ts'
import { NODE } from '../settings.ts'
import { isAlive } from '../system/identity.ts'
import { freePort } from '../system/ports.ts'
import { waitUntil } from '../system/wait.ts'
import { DUMMY } from './cli.ts'
import { Sayings } from './sayings.ts'
import { scratch } from './scratch.ts'

async function dummy(t: Test, surroundings: Partial<Surroundings>, env: NodeJS.ProcessEnv = {}) {
  const port = await freePort()
  const launch = () => ({
    command: NODE,
    args: [DUMMY],
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', NODE_ID: 'dummy', ...env },
  })
  const ready = () => answersOk(`http://127.0.0.1:${port}/readyz`)
  const daemon = new Daemon({ role: 'dummy', port, launch, ready }, { reporter: silent, ...surroundings })
  t.teardown(() => daemon.stop())
  return daemon
}

t.test('start waits until it answers, stop until it has ended', async (t) => {
  const daemon = await dummy(t, {})
  t.equal(daemon.pid, undefined)
  await daemon.start()
  t.equal(daemon.state, 'up')
  t.ok(await answersOk(`http://127.0.0.1:${daemon.port}/readyz`))
  const { pid } = daemon

  await daemon.restart()
  t.not(daemon.pid, pid)
  await daemon.stop()
  t.equal(daemon.state, 'down')
  t.equal(daemon.pid, undefined)
})

t.test('a supervised process comes back and the restarts are counted', async (t) => {
  const said = new Sayings()
  const daemon = await dummy(t, { reporter: said.reporter, supervise: true })
  await daemon.start()
  for (const restart of [1, 2]) {
    const back = said.next(/is back/)
    await daemon.kill('SIGKILL')
    t.match(await back, new RegExp(`restart ${restart}, after ${restart * 100} ms`), 'the wait doubles')
    t.equal(daemon.restarts, restart)
    t.equal(daemon.state, 'up')
  }
  t.ok(said.all.includes('dummy ended unexpectedly (SIGKILL).'))
})

t.test('a process that is not supervised stays down', async (t) => {
  const down = Promise.withResolvers<void>()
  const onChange = ({ state }: Daemon) => state === 'down' && down.resolve()
  const daemon = await dummy(t, { onChange: (changed) => void onChange(changed) })
  await daemon.start()
  await daemon.kill()
  await down.promise
  t.equal(daemon.pid, undefined)
  await daemon.restart()
  t.equal(daemon.state, 'up')
})

t.test('a process that ends at once is a failure that tells its last words', async (t) => {
  const daemon = await dummy(t, { supervise: true, logDir: scratch(t) }, { BREAK_ON_START: 'dummy' })
  await t.rejects(daemon.start(), {
    name: 'Failure',
    message: /dummy ended at once \(exit code 1: BREAK_ON_START must not name me\); its log: .*dummy\.log$/,
  })
  t.equal(daemon.state, 'down')
})

t.test('a start that is called off leaves nothing running', async (t) => {
  const calledOff = new AbortController()
  const started = Promise.withResolvers<number>()
  const onChange = ({ pid }: Daemon) => pid !== undefined && started.resolve(pid)
  const spec = { role: 'sleep', launch: () => ({ command: 'sleep', args: ['60'] }), ready: async () => false }
  const daemon = new Daemon(spec, {
    reporter: silent,
    signal: calledOff.signal,
    onChange: (changed) => void onChange(changed),
  })
  const outcome = t.rejects(daemon.start(), { name: 'Cancelled' })
  await started.promise
  calledOff.abort()
  await outcome
  t.equal(daemon.pid, undefined)
})

t.test(
  'children do not outlive a program that is killed',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const parent = spawn(NODE, [`${import.meta.dirname}/dummy/parent.ts`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const child = JSON.parse(String(line))
    t.ok(isAlive(child))
    parent.kill('SIGKILL')
    t.ok(await waitUntil(() => !isAlive(child), { timeoutMs: 5_000 }))
  },
)
