import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { identityOf, isAlive, signalProcess } from '../system/identity.ts'

t.test('a process is recognised while it lives and not afterwards', async (t) => {
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const identity = identityOf(child.pid ?? 0)
  if (identity === undefined) throw new Error('the child has no identity')

  t.ok(isAlive(identity))
  t.ok(signalProcess(identity, 'SIGTERM'))
  await once(child, 'exit')
  t.notOk(isAlive(identity))
  t.notOk(signalProcess(identity, 'SIGTERM'), 'nothing is left to signal')
})

t.test('another process with the same pid is never signalled', async (t) => {
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  const recycled = { pid: child.pid ?? 0, started: 'at another time' }

  t.notOk(isAlive(recycled))
  t.notOk(signalProcess(recycled, 'SIGKILL'))
  t.equal(child.exitCode, null)
  t.equal(child.signalCode, null)
  t.ok(child.kill(0), 'it still runs')
})

t.test('this process started after the one before it', async (t) => {
  t.ok(identityOf(process.pid))
  t.equal(identityOf(2 ** 30), undefined)
})
