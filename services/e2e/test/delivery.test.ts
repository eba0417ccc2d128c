import type { Group } from '@earshot/protocol'
import t from 'tap'
import WebSocket from 'ws'
import { type Cluster, secret, startCluster } from '../src/cluster.ts'
import { TestClient } from '../src/test-client.ts'
import { mintToken } from '../src/tokens.ts'

const letters = 'Grüße, 世界 🌍 "quoted" \\ \u2028'

async function connectBy(cluster: Cluster, transports: string[], userId: string, node: number) {
  const client = new TestClient(cluster.url(node), userId, await mintToken(secret, userId), { transports })
  cluster.clients.push(client)
  await client.connected()
  return client
}

t.test('whatever a client is connected by, on the node of who sends and on another one', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const ways = { polling: ['polling'], websocket: ['websocket'], upgraded: ['polling', 'websocket'] }
  // A group's members have to exist.
  await cluster.connect('bob', 0)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'both', members: ['bob'] } })
  const group = (await created.json()) as Group
  for (const [way, transports] of Object.entries(ways)) {
    const near = await connectBy(cluster, transports, 'bob', 0)
    const far = await connectBy(cluster, transports, 'bob', 1)
    const content = `${letters} ${way}`
    const direct = await ann.send('message', { recipientId: 'bob', content })
    const said = await ann.send('group_message', { groupId: group._id, messageType: 'text', content })
    for (const bob of [near, far]) {
      const heard = await bob.hears('new_message', ({ _id }) => _id === direct._id)
      t.match(heard, { content, seq: direct.seq, createdAt: direct.createdAt }, way)
      t.match(await bob.hears('new_group_message', ({ _id }) => _id === said._id), { content }, way)
    }
  }
})

t.test('what comes at once for one socket is one packet a frame, whole and in order', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { LIMIT_SENDS_BURST: '1000' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const address = `${cluster.url(1).replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`
  const count = 200
  const token = await mintToken(secret, 'bob')
  // Nothing is waited for before it is listened to: the first packet comes with the answer that lets it in.
  const bare = new WebSocket(address)
  t.teardown(() => bare.terminate())
  const heard = new Promise<string[]>((resolve) => {
    const frames: string[] = []
    bare.on('message', (data: Buffer) => {
      const text = data.toString()
      if (text.startsWith('0')) bare.send(`40${JSON.stringify({ token })}`)
      if (text.startsWith('42["new_message"')) frames.push(text)
      if (frames.length === count) resolve(frames)
    })
  })
  const isIn = new Promise<void>((resolve) =>
    bare.on('message', (data: Buffer) => data.toString().startsWith('40') && resolve()),
  )
  await isIn
  // Around the lengths at which a frame's header grows, and one that is not copied together with others.
  const sizes = [1, 60, 3_000, 9_900]
  const contents = Array.from({ length: count }, (_, i) => `${i} ${'é'.repeat(sizes[i % sizes.length] ?? 1)}`)
  const acks = await Promise.all(
    contents.map((content) => ann.send('message', { recipientId: 'bob', content })),
  )
  const messages = (await heard).map(
    (frame) => JSON.parse(frame.slice(2))[1] as { content: string; seq: number },
  )
  t.same(
    messages.map(({ content }) => content),
    contents,
  )
  t.same(
    messages.map(({ seq }) => seq),
    acks.map(({ seq }) => seq),
  )
  await bob.hears('new_message', ({ content }) => content === contents.at(-1))
  t.same(
    bob.heardOf('new_message').map(({ content }) => content),
    contents,
  )
})
