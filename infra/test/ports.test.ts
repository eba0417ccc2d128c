import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { freePort, reservePort } from '../system/ports.ts'

t.test('free ports can be listened on and are given out once', async (t) => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()))
  t.equal(new Set(ports).size, ports.length)
  const server = createServer().listen(ports[0], '127.0.0.1')
  await once(server, 'listening')
  server.close()
})

t.test('a reserved port answers that the cluster is starting, until it is released', async (t) => {
  const port = await freePort()
  const reserved = await reservePort(port, '127.0.0.1')
  const response = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(response.status, 503)
  t.match(await response.text(), /starting/)

  await reserved.release()
  const next = await reservePort(port, '127.0.0.1')
  await next.release()
})

t.test('a port in use is named, and who holds it where that can be known', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const holder = process.platform === 'linux' ? ` by .*\\(pid ${process.pid}\\)` : ''

  await t.rejects(reservePort(port, '127.0.0.1'), {
    name: 'Failure',
    message: new RegExp(`^Port ${port} is in use${holder}`),
  })
})
