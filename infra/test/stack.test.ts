import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readState, type StackState } from '../stack/state-file.ts'
import { isAlive, signalProcess } from '../system/identity.ts'
import { waitUntil } from '../system/wait.ts'
import { cliFor } from './cli.ts'

const ROLES = ['balancer', 'gateway-1', 'gateway-2', 'mongo', 'redis', 'worker-1']

function stateIn(stateDir: string): StackState {
  const state = readState(join(stateDir, 'run', 'state.json'))
  if (state === undefined) throw new Error(`no state in ${stateDir}`)
  return state
}

function find(state: StackState, role: string) {
  const entry = state.processes.find((process) => process.role === role)
  if (entry === undefined) throw new Error(`no ${role}`)
  return entry
}

t.test('a port in use is said before anything is started', async (t) => {
  const { cli, port, stateDir } = await cliFor(t)
  const server = createServer().listen(port, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  for (const command of ['run', 'up']) {
    const { code, stdout, stderr } = await cli(command)
    t.equal(code, 1)
    t.match(stderr, new RegExp(`^Port ${port} is in use.*\\n$`))
    t.equal(stdout, '')
    t.equal(readState(join(stateDir, 'run', 'state.json')), undefined)
  }
})

t.test('a wrong setting is named', async (t) => {
  const { cli } = await cliFor(t, { NODES: 'many' })
  const { code, stderr } = await cli('up')
  t.equal(code, 1)
  t.match(stderr, /^NODES is "many", but must be a whole number/)
})

t.test('nothing runs: status says so with 3, down with 0', async (t) => {
  const { cli } = await cliFor(t)
  t.equal((await cli('status')).code, 3)
  t.same(JSON.parse((await cli('status', '--json')).stdout), { running: false })
  t.equal((await cli('down')).code, 0)
})

t.test('up, status, a killed gateway, down', async (t) => {
  const { cli, stateDir, url } = await cliFor(t)
  const up = await cli('up')
  t.equal(up.code, 0, up.stderr)
  t.match(up.stdout, url)
  const state = stateIn(stateDir)

  const status = await cli('status', '--json')
  t.equal(status.code, 0)
  const report = JSON.parse(status.stdout)
  t.match(report, { running: true, healthy: true, phase: 'ready', url })
  const roles = report.processes.map(({ role }: { role: string }) => role)
  t.same(roles.filter((role: string) => role !== 'postgres').sort(), ROLES)

  const again = await cli('run')
  t.equal(again.code, 1)
  t.match(again.stderr, /^This clone runs already/)

  const victim = find(state, 'gateway-1')
  signalProcess(victim, 'SIGKILL')
  const restarted = () => {
    const { pid, restarts, state } = find(stateIn(stateDir), 'gateway-1')
    return pid !== victim.pid && restarts === 1 && state === 'up'
  }
  t.ok(await waitUntil(restarted, { timeoutMs: 20_000 }))
  t.equal((await cli('status')).code, 0)

  const last = stateIn(stateDir)
  t.equal((await cli('down')).code, 0)
  t.same([last.owner, ...last.processes].filter(isAlive), [], 'no process is left')
  t.equal((await cli('status')).code, 3)
})

t.test('a service that cannot start stops everything and says why', async (t) => {
  const { cli, stateDir } = await cliFor(t, { BREAK_ON_START: 'worker-1' })
  const { code, stderr } = await cli('up')
  t.equal(code, 1)
  t.match(stderr, /^worker-1 ended at once \(exit code 1: BREAK_ON_START must not name me\); its log: .*\n$/)
  t.equal(readState(join(stateDir, 'run', 'state.json')), undefined)
})

t.test('in the foreground it shows the services, keeps their logs and stops on SIGTERM', async (t) => {
  const { start, stateDir } = await cliFor(t)
  const run = start('run')
  let output = ''
  run.stdout.on('data', (chunk) => {
    output += chunk
  })
  t.ok(await waitUntil(() => output.includes('Earshot is ready'), { timeoutMs: 60_000 }), output)
  t.match(output, /gateway-1 +info +listening port=/)
  const { processes } = stateIn(stateDir)
  const log = readFileSync(join(stateDir, 'logs', 'gateway-1.log'), 'utf8')
  t.match(JSON.parse(log.split('\n')[0] ?? ''), { msg: 'listening' }, 'the whole line is in the file')

  run.kill('SIGTERM')
  const [code] = await once(run, 'exit')
  t.equal(code, 0)
  t.same(processes.filter(isAlive), [])
})

t.test('a supervisor that was killed leaves nothing in the way of the next start', async (t) => {
  const { cli, stateDir } = await cliFor(t)
  t.equal((await cli('up')).code, 0)
  const { owner, processes } = stateIn(stateDir)
  signalProcess(owner, 'SIGKILL')
  t.ok(await waitUntil(() => !isAlive(owner), { timeoutMs: 5_000 }))
  t.equal((await cli('status')).code, 3)

  const next = await cli('up')
  t.equal(next.code, 0, next.stderr)
  t.same(processes.filter(isAlive), [])
})

t.test('servers that are given are used and not started', async (t) => {
  const { cli, stateDir } = await cliFor(t, {
    REDIS_URL: 'redis://someone:secret@127.0.0.1:1',
    MONGODB_URI: 'mongodb://127.0.0.1:1/earshot',
  })
  const { code, stdout } = await cli('up')
  t.equal(code, 0)
  t.match(stdout, 'redis://***@127.0.0.1:1, as given in REDIS_URL')
  t.notMatch(stdout, 'secret')
  const roles = stateIn(stateDir).processes.map(({ role }) => role)
  t.same(roles, ['balancer', 'gateway-1', 'gateway-2', 'worker-1'])
  const status = await cli('status')
  t.equal(status.code, 1)
  t.match(status.stdout, /Redis +- +- +refuses connections/)
})
