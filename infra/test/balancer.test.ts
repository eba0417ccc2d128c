import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type Cluster, startCluster } from '../servers/index.ts'
import { waitUntil } from '../system/wait.ts'
import { DUMMY } from './cli.ts'
import { scratch } from './scratch.ts'

const ENOUGH = { timeoutMs: 10_000 }

async function cluster(t: Test): Promise<Cluster> {
  const started = await startCluster({
    redisUrl: 'redis://127.0.0.1:1',
    mongoUri: 'mongodb://127.0.0.1:1/earshot',
    jwtSecret: 'secret',
    gatewayEntry: DUMMY,
    workerEntry: DUMMY,
    logDir: scratch(t),
  })
  t.teardown(() => started.stop())
  return started
}

/** Asks through the balancer; gives the gateway that answered and the cookie it set. */
async function ask(url: string, path: string, cookie?: string) {
  const response = await fetch(url + path, { headers: cookie ? { cookie } : {} })
  const { node, cookie: received } = (await response.json()) as { node: string; cookie?: string }
  return { node, received, set: response.headers.get('set-cookie')?.split(';')[0] ?? '' }
}

/** Opens a WebSocket as far as the balancer is concerned. */
async function upgrade(t: Test, url: string, path: string, cookie?: string) {
  const outgoing = request(url + path, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...(cookie && { cookie }),
    },
  })
  outgoing.end()
  const [response, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Socket]
  t.teardown(() => socket.destroy())
  return { node: String(response.headers['x-node']), socket }
}

t.test('new WebSockets go where there are fewest, whatever cookie they carry', async (t) => {
  const { url } = await cluster(t)
  const { set } = await ask(url, '/socket.io/?transport=polling')
  const nodes: string[] = []
  for (let count = 0; count < 6; count++) {
    const { node } = await upgrade(t, url, '/socket.io/?transport=websocket', set)
    nodes.push(node)
  }
  t.same(nodes.toSorted(), ['gateway-1', 'gateway-1', 'gateway-1', 'gateway-2', 'gateway-2', 'gateway-2'])
})

t.test('a polling session and its upgrade stick to the gateway that opened it', async (t) => {
  const { url } = await cluster(t)
  for (let count = 0; count < 4; count++) {
    const { node, set } = await ask(url, '/socket.io/?transport=polling')
    t.match(set, new RegExp(`^io=${node}~session$`))
    for (let poll = 0; poll < 3; poll++) {
      const answer = await ask(url, '/socket.io/?transport=polling&sid=session', set)
      t.equal(answer.node, node)
      t.equal(answer.received, 'io=session', 'the gateway sees its own cookie')
    }
    t.equal((await upgrade(t, url, '/socket.io/?transport=websocket&sid=session', set)).node, node)
  }
})

t.test('a new session goes where there are fewest, whatever an old cookie says', async (t) => {
  const { url } = await cluster(t)
  const old = 'theme=dark; io=gateway-1~session; lang=en'
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(url, '/socket.io/?transport=polling', old)))
  t.same([...new Set(answers.map(({ node }) => node))].sort(), ['gateway-1', 'gateway-2'])
  t.equal(answers[0]?.received, 'theme=dark; io=; lang=en', 'other cookies stay')
})

t.test('a gateway that is not ready gets nothing new and keeps what it has', async (t) => {
  const { url, gateways } = await cluster(t)
  const sockets = await Promise.all([1, 2].map(() => upgrade(t, url, '/socket.io/?transport=websocket')))
  const kept = sockets.find(({ node }) => node === 'gateway-1')
  if (kept === undefined) throw new Error('no socket on gateway-1')
  await fetch(`http://127.0.0.1:${gateways[0]?.port}/unready`)

  const handshakes = () => Promise.all([1, 2, 3, 4].map(() => ask(url, '/socket.io/?transport=polling')))
  const drained = async () => (await handshakes()).every(({ node }) => node === 'gateway-2')
  t.ok(await waitUntil(drained, ENOUGH), 'new sessions go to the other one')
  t.equal(
    (await ask(url, '/socket.io/?sid=session', 'io=gateway-1~session')).node,
    'gateway-1',
    'a session stays',
  )
  kept.socket.write('still here')
  const [echo] = await once(kept.socket, 'data')
  t.equal(String(echo), 'still here', 'an open WebSocket stays')
})

t.test('a gateway that is killed costs no request', async (t) => {
  const { url, gateways } = await cluster(t)
  await gateways[0]?.kill('SIGKILL')
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, '/')))
  t.ok(answers.every(({ node }) => node === 'gateway-2'))
  t.equal(
    (await ask(url, '/socket.io/?sid=session', 'io=gateway-1~session')).node,
    'gateway-2',
    'redispatched',
  )

  await gateways[0]?.restart()
  const back = async () => (await ask(url, '/')).node === 'gateway-1'
  t.ok(await waitUntil(back, ENOUGH), 'it is used again once it is back')
})

t.test('figures of single nodes are not for the public', async (t) => {
  const { url } = await cluster(t)
  t.equal((await fetch(`${url}/metrics`)).status, 404)
})
