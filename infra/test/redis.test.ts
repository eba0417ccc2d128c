import { existsSync } from 'node:fs'
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../servers/index.ts'
import { scratch } from './scratch.ts'

t.test('a Redis that is killed comes back on its port with what it acknowledged', async (t) => {
  const server = await startRedis()
  t.teardown(() => server.stop())
  const client = new Redis(server.url)
  t.teardown(() => client.disconnect())
  await client.set('kept', 'yes')
  t.equal((await client.config('GET', 'maxmemory-policy')).toString(), 'maxmemory-policy,noeviction')
  const { pid, port } = server

  await server.kill('SIGKILL')
  t.equal(server.pid, undefined)
  await server.restart()
  t.not(server.pid, pid)
  t.equal(server.port, port)
  t.equal(await client.get('kept'), 'yes')
})

t.test('data in a folder that was given stays, throwaway data goes', async (t) => {
  const dataDir = scratch(t)
  const server = await startRedis({ dataDir })
  await server.stop()
  t.ok(existsSync(`${dataDir}/appendonlydir`))
  t.equal(server.pid, undefined)
})
