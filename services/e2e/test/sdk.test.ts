import { type Change, directConversationId, EarshotClient, type Message } from '@earshot/client'
import t, { type Test } from 'tap'
import { secret, startCluster } from '../src/cluster.ts'
import { mintToken } from '../src/tokens.ts'
import { bytesOf, opaqueBytes } from '../src/uploads.ts'
import { Wire } from '../src/wire.ts'

t.setTimeout(90_000)

const quick = { ioOptions: { reconnectionDelay: 20, reconnectionDelayMax: 100 }, retry: { baseDelayMs: 20 } }

/** A user of the SDK who writes down what they are told. */
async function person(t: Test, url: string, userId: string) {
  const client = new EarshotClient({
    url,
    token: await mintToken(secret, userId),
    ackTimeoutMs: 2_000,
    ...quick,
  })
  t.teardown(() => client.close())
  const messages: Message[] = []
  const changes: Change[] = []
  const checks = new Set<() => void>()
  const hear = <T>(list: T[], item: T) => {
    list.push(item)
    for (const check of checks) check()
  }
  client.on('message', (message) => hear(messages, message))
  client.on('change', (change) => hear(changes, change))
  const until = (isSo: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (isSo()) resolve()
      }
      checks.add(check)
      check()
    })
  client.feed.start()
  await client.connect()
  await client.online(userId)
  const contents = (conversationId: string) =>
    messages.filter((message) => message.conversationId === conversationId).map(({ content }) => content)
  return { client, messages, changes, contents, until, hear }
}

const numbered = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}${from + i}`)

t.test('whoever was away is told all, once and in order, and of what began meanwhile', async (t) => {
  const cluster = await startCluster(t)
  const { wire, url } = await Wire.to(cluster.url(1))
  t.teardown(() => wire.close())
  const ann = await person(t, cluster.url(0), 'ann')
  const bob = await person(t, url, 'bob')
  const direct = directConversationId('ann', 'bob')
  const say = (content: string) => ann.client.sendMessage({ recipientId: 'bob', content })
  await Promise.all(numbered('a', 1, 10).map(say))
  await bob.until(() => bob.contents(direct).length === 10)

  wire.cut()
  const [edited] = await Promise.all(numbered('a', 11, 40).map(say))
  const group = await ann.client.http.createGroup({ name: 'New', members: ['bob'] })
  await ann.client.sendGroupMessage({ groupId: group._id, messageType: 'text', content: 'welcome' })
  await ann.client.editMessage(edited?._id ?? '', 'a11, corrected')
  await ann.client.react(bob.messages[0]?._id ?? '', '👍')
  wire.mend()
  await Promise.all(numbered('a', 41, 50).map(say))
  await bob.until(() => bob.contents(direct).length >= 50 && bob.changes.length > 0)
  await bob.until(() => bob.contents(group.conversationId).length > 0)
  t.same(bob.contents(direct), [...numbered('a', 1, 10), 'a11, corrected', ...numbered('a', 12, 50)])
  t.same(bob.contents(group.conversationId), ['welcome'])
  t.ok(bob.changes.some(({ type }) => type === 'message_reaction'))
  t.same(ann.contents(direct), numbered('a', 1, 50), 'one hears oneself, by the acks')
  t.match(ann.messages[0], { sender: { _id: 'ann', name: 'Name of ann' }, recipientId: 'bob' })
})

t.test('what is written while the network is away arrives in its order, once', async (t) => {
  const cluster = await startCluster(t)
  const { wire, url } = await Wire.to(cluster.url(0))
  t.teardown(() => wire.close())
  const ann = await person(t, url, 'ann')
  const bob = await person(t, cluster.url(1), 'bob')
  const direct = directConversationId('ann', 'bob')
  const say = (content: string) => ann.client.sendMessage({ recipientId: 'bob', content })
  await say('1')
  wire.mute() // the next one is stored, and its ack is lost
  const first = say('2')
  await bob.until(() => bob.contents(direct).length === 2)
  wire.cut()
  const rest = numbered('', 3, 20).map(say)
  t.equal(ann.client.pending.length, 19)
  wire.mend()
  const acks = await Promise.all([first, ...rest])
  t.same(
    acks.map(({ seq }) => seq),
    Array.from({ length: 19 }, (_, i) => i + 2),
  )
  await bob.until(() => bob.contents(direct).length === 20)
  t.same(bob.contents(direct), numbered('', 1, 20))
  t.same(ann.client.pending, [])
})

t.test('a file in pieces goes on after a break, and into a message', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const { wire, url } = await Wire.to(cluster.url(0))
  t.teardown(() => wire.close())
  const ann = await person(t, url, 'ann')
  const bob = await person(t, cluster.url(1), 'bob')
  const bytes = opaqueBytes(900_000)
  const seen: number[] = []
  const record = await ann.client.upload(new Blob([new Uint8Array(bytes)]), {
    name: 'plan.bin',
    pieceBytes: 200_000,
    onProgress: ({ sentBytes }) => {
      seen.push(sentBytes)
      if (sentBytes !== 400_000) return
      wire.cut()
      setTimeout(() => wire.mend(), 50)
    },
  })
  t.match(record, { size: 900_000, name: 'plan.bin' })
  t.equal(seen.at(-1), 900_000)
  t.same(
    seen,
    seen.toSorted((a, b) => a - b),
    'never back',
  )
  const { url: place, size } = record
  const file = { url: place, name: 'plan.bin', mimeType: 'application/octet-stream', size }
  await ann.client.sendMessage({ recipientId: 'bob', messageType: 'file', file })
  await bob.until(() => bob.messages.length === 1)
  const answer = await fetch(`${cluster.url(1)}${bob.messages[0]?.file?.url}`, {
    headers: { authorization: `Bearer ${await mintToken(secret, 'bob')}` },
  })
  t.ok(bytes.equals(await bytesOf(answer)))

  const stop = new AbortController()
  const broken = ann.client.upload(new Blob([new Uint8Array(bytes)]), {
    pieceBytes: 200_000,
    signal: stop.signal,
    onProgress: ({ sentBytes }) => {
      if (sentBytes > 0) stop.abort(new Error('enough'))
    },
  })
  await t.rejects(broken, { message: 'enough' })
})

t.test('a file goes on after a reload, on another node; begins anew where nothing is left', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const before = await person(t, cluster.url(0), 'ann')
  const file = new Blob([new Uint8Array(opaqueBytes(900_000))])
  const reload = new AbortController()
  let place = ''
  const broken = before.client.upload(file, {
    pieceBytes: 200_000,
    signal: reload.signal,
    onStarted: (started) => {
      place = started
    },
    onProgress: ({ sentBytes }) => {
      if (sentBytes === 400_000) reload.abort(new Error('reloaded'))
    },
  })
  await t.rejects(broken, { message: 'reloaded' })
  before.client.close()

  const after = await person(t, cluster.url(1), 'ann')
  const goOn = async (resume: string) => {
    const seen: number[] = []
    const record = await after.client.upload(file, {
      resume,
      pieceBytes: 200_000,
      onProgress: ({ sentBytes }) => seen.push(sentBytes),
    })
    t.equal(record.size, 900_000)
    return seen[0]
  }
  t.ok(((await goOn(place)) ?? 0) >= 400_000, 'what the server has is not sent again')
  t.equal(await goOn('/media/uploads/long-gone'), 0)
})

t.test('a token that expires is renewed on the way, and nothing is lost', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const soon = Math.floor(Date.now() / 1_000) + 2
  const tokens = [await mintToken(secret, 'ann', { expiresIn: soon })]
  const fresh = await mintToken(secret, 'ann')
  const ann = new EarshotClient({ url: cluster.url(0), getToken: () => tokens.pop() ?? fresh, ...quick })
  t.teardown(() => ann.close())
  const bob = await person(t, cluster.url(1), 'bob')
  const expired = new Promise((resolve) => ann.on('token_expired', resolve))
  ann.on('reconnected', () => t.fail('the connection stands'))
  await ann.connect()
  await expired
  for (const content of numbered('', 1, 5)) await ann.sendMessage({ recipientId: 'bob', content })
  await bob.until(() => bob.messages.length === 5)
})

t.test('receipts are gathered; those on the screen are watched', async (t) => {
  const cluster = await startCluster(t)
  const ann = await person(t, cluster.url(0), 'ann')
  const bob = await person(t, cluster.url(1), 'bob')
  const direct = directConversationId('ann', 'bob')
  const marks: number[] = []
  ann.client.on('message_status_changed', ({ userId, readSeq }) => {
    if (userId === 'bob') ann.hear(marks, readSeq)
  })
  await Promise.all(
    numbered('', 1, 5).map((content) => ann.client.sendMessage({ recipientId: 'bob', content })),
  )
  for (const seq of [1, 2, 3, 4, 5]) bob.client.markRead(direct, seq)
  await ann.until(() => marks.at(-1) === 5)
  t.same(marks, [5], 'one for all')

  const statuses: boolean[] = []
  ann.client.on('user_status_changed', ({ userId, isOnline }) => {
    if (userId === 'bob') ann.hear(statuses, isOnline)
  })
  const hide = ann.client.watch(['bob'])
  const alsoHide = ann.client.watch(['bob'])
  await ann.until(() => statuses.at(-1) === true)
  hide()
  bob.client.close()
  await ann.until(() => statuses.at(-1) === false)
  alsoHide()
})
