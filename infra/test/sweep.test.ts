import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sweepLeftovers } from '../stack/sweep.ts'
import { identityOf, isAlive } from '../system/identity.ts'
import { Sayings } from './sayings.ts'
import { scratch } from './scratch.ts'

const KILLED = { pid: process.pid, started: 'long ago' }

async function sleeper(t: Test) {
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error('the child has no identity')
  return { child, identity }
}

t.test('what a killed program left is ended, and nothing else', async (t) => {
  const left = await sleeper(t)
  const stranger = await sleeper(t)
  const recycled = { pid: stranger.identity.pid, started: 'before' }
  const throwaway = mkdtempSync(join(tmpdir(), 'earshot-test-'))
  const notOurs = t.testdir({ file: 'kept' })
  const runDir = scratch(t)
  const state = {
    command: 'run',
    owner: KILLED,
    processes: [
      { role: 'redis', ...left.identity },
      { role: 'mongo', ...recycled },
    ],
    tempDirs: [throwaway, notOurs],
  }
  writeFileSync(join(runDir, 'state.json'), JSON.stringify(state))
  const said = new Sayings()
  const ended = once(left.child, 'exit')

  await sweepLeftovers(runDir, said.reporter)
  t.same(await ended, [null, 'SIGTERM'])
  t.ok(isAlive(stranger.identity), 'another process with a pid of ours lives on')
  t.notOk(existsSync(throwaway))
  t.ok(existsSync(notOurs), 'only our own throwaway folders are removed')
  t.same(said.all, [
    `"run" (pid ${KILLED.pid}) was killed; ending what it left: redis (pid ${left.identity.pid}).`,
  ])
  t.notOk(existsSync(join(runDir, 'state.json')))
})

t.test('a program that runs keeps what it has', async (t) => {
  const { identity } = await sleeper(t)
  const runDir = scratch(t)
  const owner = identityOf(process.pid)
  const state = { command: 'run', owner, processes: [{ role: 'redis', ...identity }], tempDirs: [] }
  writeFileSync(join(runDir, 'state.json'), JSON.stringify(state))
  await sweepLeftovers(runDir, new Sayings().reporter)
  t.ok(isAlive(identity))
  t.ok(existsSync(join(runDir, 'state.json')))
})
