import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { TestClient } from '../src/test-client.ts'

t.test('a client without WebSocket, and one that begins without, live as long as any', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  for (const transports of [['polling'], ['polling', 'websocket']]) {
    const client = new TestClient(bob.url, 'bob', bob.token, { transports, timestampRequests: true })
    t.teardown(() => client.socket.disconnect())
    const upgraded = new Promise((resolve) => client.socket.io.engine.once('upgrade', resolve))
    await client.connected()
    if (transports.length > 1) await upgraded
    const content = `to ${transports}`
    await ann.send('message', { recipientId: 'bob', content })
    await client.hears('new_message', (message) => message.content === content)
    await client.send('message', { recipientId: 'ann', content: `from ${transports}` })
    await ann.hears('new_message', (message) => message.content === `from ${transports}`)
    t.equal(client.socket.io.engine.transport.name, transports.at(-1))
  }
})
