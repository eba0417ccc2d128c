import { type ClientEventName, clientEvents, directConversationId, type Limits } from '@earshot/protocol'
import t from 'tap'
import { badCases } from '../src/bad-input/cases.ts'
import {
  type LimitedField,
  limitedFields,
  type Schema,
  sampleOf,
  unbounded,
} from '../src/bad-input/schema.ts'
import { complaint } from '../src/bad-input/verdict.ts'
import { type Cluster, startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

const events = Object.keys(clientEvents) as ClientEventName[]
const schemaOf = (event: ClientEventName) => clientEvents[event].payload as Schema
const words = { senderId: 'ann', recipientId: 'bob' }
/** Deeper than a payload ever is; the client's own parser survives some thousands. */
const levels = 1_000
/** So many sends of a test are no flood. */
const env = { LIMIT_SENDS_BURST: '1000000' }
const badRequest = { ok: false, error: { code: 'BAD_REQUEST' } }
const voiceMessage = { duration: 1, mimeType: 'audio/webm', size: 1_000, url: dataUrl(webmBytes(1_000)) }

t.test('every field of every event has a bound', async (t) => {
  for (const event of events) t.same(unbounded(schemaOf(event)), [], event)
})

t.test('one thing wrong in a payload: named, nothing done, and the socket lives on', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await ann.send('message', { recipientId: 'bob', content: 'before' })
  await bob.hears('new_message')
  await bob.barrier()
  const id = ann.socket.id
  const before = await stored(cluster)
  const heardBefore = bob.heard.length

  for (const event of events) {
    const cases = badCases(schemaOf(event), { levels, words, hasBytes: true })
    const complaints = await Promise.all(
      cases.map(async (bad) => {
        const answer = await ann.raw(event, bad.payload)
        return complaint(bad, answer.ok ? undefined : answer.error)
      }),
    )
    const found = complaints.filter((complaint) => complaint !== undefined)
    t.same(found, [], `${event}: ${cases.length} cases`)
  }
  await bob.barrier()
  const heard = bob.heard.slice(heardBefore).filter(({ event }) => event !== 'user_status_changed')
  t.equal(heard.length, 1, 'the other side heard of its barrier alone')
  t.same(await stored(cluster), before, 'nothing was stored')
  t.match(await ann.send('message', { recipientId: 'bob', content: 'after' }), { seq: 2 })
  await bob.hears('new_message', ({ content }) => content === 'after')
  t.equal(ann.socket.id, id, 'on the same socket')
})

t.test('what is no call of an event is answered too', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  for (const event of events) {
    const sample = sampleOf(schemaOf(event), words)
    t.match(await ann.raw(event), badRequest, `${event} without a payload`)
    t.match(await ann.raw(event, sample, sample), badRequest, `${event} with two payloads`)
    ann.socket.emit(event, { unknown: 1 })
    const told = await ann.hears('error_message', (told) => told.event === event)
    t.match(told.error, { code: 'BAD_REQUEST', field: 'unknown' }, `${event} without an ack`)
  }
  for (const event of ['no_such_event', '', ' message', '__proto__', 'constructor', 'hasOwnProperty']) {
    t.match(await ann.raw(event, {}), badRequest, `the event ${event}`)
  }
  ann.socket.emit('x'.repeat(100_000))
  t.match(await ann.hears('error_message', ({ event }) => event === 'x'.repeat(100)), {
    error: { code: 'BAD_REQUEST' },
  })
  t.match(await ann.send('message', { recipientId: 'ann', content: 'x' }), { seq: 1 })
})

t.test('frames that no client library writes', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const deep = (count: number) => '['.repeat(count) + ']'.repeat(count)
  const frames: [json: string, event: string, field: string | undefined][] = [
    ['["message_read",{"conversationId":"x","seq":1e400}]', 'message_read', 'seq'],
    ['["message_read",{"conversationId":"x","seq":-0}]', 'message_read', 'seq'],
    ['["react",{"messageId":"x","emoji":"👍","emoji":1}]', 'react', 'emoji'],
    [`["delete_message",{"messageId":${deep(100_000)}}]`, 'delete_message', 'messageId'],
    [`["edit_message",${deep(1_000_000)}]`, 'edit_message', undefined],
    [
      `["sync",{"conversations":{"a":${'{"seq":'.repeat(100_000)}1${'}'.repeat(100_000)}}}]`,
      'sync',
      'conversations.a.seq',
    ],
    ['[17,{}]', '17', undefined],
    ['', 'undefined', undefined],
  ]
  for (const [json, event, field] of frames) {
    ann.socket.io.engine.write(`2${json}`)
    const { error } = await ann.hears('error_message', (told) => told.event === event)
    t.match(error, { code: 'BAD_REQUEST' }, json.slice(0, 60))
    t.equal(error.field, field)
  }
  t.match(await ann.send('message', { recipientId: 'ann', content: 'x' }), { seq: 1 }, 'the socket lives on')

  // What is no packet at all ends the connection, and no more than that.
  const eve = await cluster.connect('eve')
  for (const packet of [
    '2{}',
    '2["connect"]',
    '51-["message"]x',
    '599-["message",{}]',
    '8',
    `51-["message",${deep(100_000)}]`,
    '51-["message",{"content":{"_placeholder":true,"num":7}}]',
  ]) {
    if (!eve.socket.connected) eve.socket.connect()
    await eve.connected()
    const gone = eve.next('disconnect')
    eve.socket.io.engine.write(packet)
    if (packet.startsWith('51')) eve.socket.io.engine.write(Buffer.from('x') as never)
    await gone
  }
  t.match(await ann.send('message', { recipientId: 'ann', content: 'x' }), { seq: 2 }, 'the node lives on')
})

t.test("over an operator's limit: TOO_LARGE, naming the field", async (t) => {
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    env: { LIMIT_VOICE_MAX_SOCKET_BYTES: '100000' },
  })
  const ann = await cluster.connect('ann')
  await cluster.connect('bob')
  const limits = await ann.get<Limits>('/limits')
  const { _id: messageId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as { _id: string }

  for (const event of events) {
    for (const field of limitedFields(schemaOf(event))) {
      const name = field.path.join('.')
      const answer = await ann.raw(event, withField(good(event, field), field.path, over(field)))
      t.match(answer, { ok: false, error: { code: 'TOO_LARGE', field: name } }, `${event} ${name}`)
    }
  }

  function good(event: ClientEventName, { path }: LimitedField): Record<string, unknown> {
    const isVoice = path[0] === 'voiceMessage'
    const { url, ...withoutUrl } = voiceMessage
    const said = isVoice ? { voiceMessage: path[1] === 'data' ? withoutUrl : voiceMessage } : { content: 'x' }
    if (event === 'group_message') return { groupId, messageType: isVoice ? 'voice' : 'text', ...said }
    if (event === 'message' || event === 'voice_message') return { recipientId: 'bob', ...said }
    const { required = [], properties = {} } = schemaOf(event)
    return Object.fromEntries(
      required.map((name) => [name, name === 'messageId' ? messageId : sampleOf(properties[name] ?? {})]),
    )
  }

  function over({ limit, schema }: LimitedField): unknown {
    const most = limits[limit as keyof Limits]
    const ids = Array.from({ length: most + 1 }, (_, n) => `id-${n}`)
    switch (limit as keyof Limits) {
      case 'textMaxChars':
        return 'x'.repeat(most + 1)
      case 'voiceMaxSeconds':
        return most + 1
      case 'voiceMaxSocketBytes':
        return schema.type === 'string' ? dataUrl(webmBytes(most + 1)) : webmBytes(most + 1)
      case 'subscribeMaxUsers':
      case 'visibilityMaxExceptions':
        return ids
      case 'syncMaxConversations':
        return Object.fromEntries(ids.map((id) => [id, 1]))
      default:
        throw new Error(`say here what is over ${limit}`)
    }
  }
})

t.test('what a schema cannot say', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const bob = await cluster.connect('bob')
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const to = { recipientId: 'bob' }
  const bare = { duration: 1, mimeType: 'audio/webm', size: 1 }
  const file = { url: '/media/none', name: 'a', mimeType: 'a/b', size: 1 }
  const cases: [event: ClientEventName, payload: object, code: string, field: string][] = [
    ['message', { ...to, content: '' }, 'BAD_REQUEST', 'content'],
    ['message', { ...to, content: 'x', file }, 'BAD_REQUEST', 'file'],
    ['message', { ...to, messageType: 'file' }, 'BAD_REQUEST', 'file'],
    ['message', { ...to, messageType: 'file', file }, 'NOT_FOUND', 'file.url'],
    ['message', { recipientId: 'nobody', content: 'x' }, 'NOT_FOUND', 'recipientId'],
    ['message', { ...to, content: 'x', senderId: 'bob' }, 'FORBIDDEN', 'senderId'],
    ['group_message', { groupId: 'none', messageType: 'text', content: 'x' }, 'NOT_FOUND', 'groupId'],
    ['group_message', { groupId: 'none', messageType: 'voice' }, 'BAD_REQUEST', 'voiceMessage'],
    ['voice_message', { ...to, voiceMessage: bare }, 'BAD_REQUEST', 'voiceMessage.url'],
    [
      'voice_message',
      { ...to, voiceMessage: { ...bare, url: 'https://x.y/z' } },
      'BAD_REQUEST',
      'voiceMessage.url',
    ],
    [
      'voice_message',
      { ...to, voiceMessage: { ...bare, url: 'data:;base64,%' } },
      'BAD_REQUEST',
      'voiceMessage.url',
    ],
    [
      'voice_message',
      { ...to, voiceMessage: { ...bare, url: dataUrl(Buffer.from('text')) } },
      'UNSUPPORTED_MEDIA',
      'voiceMessage.url',
    ],
    [
      'voice_message',
      { ...to, voiceMessage: { ...voiceMessage, data: webmBytes(1_000) } },
      'BAD_REQUEST',
      'voiceMessage.url',
    ],
    ['typing', { isTyping: true }, 'BAD_REQUEST', 'recipientId'],
    ['typing', { isTyping: true, recipientId: 'bob', groupId: 'g' }, 'BAD_REQUEST', 'recipientId'],
    ['message_read', { conversationId, seq: 2 }, 'BAD_REQUEST', 'seq'],
    ['message_read', { conversationId: 'none', seq: 1 }, 'NOT_FOUND', 'conversationId'],
    ['user_online', { userId: 'bob' }, 'FORBIDDEN', 'userId'],
  ]
  for (const [event, payload, code, field] of cases) {
    const what = `${event} ${JSON.stringify(payload).slice(0, 80)}`
    t.match(await ann.raw(event, payload), { ok: false, error: { code, field } }, what)
  }
  t.match(await ann.send('message', { ...to, content: 'y' }), { seq: 2 })
  await bob.hears('new_message', ({ seq }) => seq === 2)
  t.same(bob.heardOf('new_voice_message'), [])
})

t.test('what existing clients send is taken', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  await cluster.connect('bob')
  const created = await ann.http('/group', { method: 'POST', json: { name: 'G', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as { _id: string }
  await ann.hears('group_created')
  const sender = { senderId: 'ann', senderName: 'Anna', timestamp: Date.now() }
  const payloads: [event: ClientEventName, payload: unknown][] = [
    ['user_online', 'ann'],
    ['message', { recipientId: 'bob', content: 'x', timestamp: new Date().toISOString() }],
    ['voice_message', { ...sender, recipientId: 'bob', voiceMessage }],
    ['group_message', { ...sender, groupId, messageType: 'text', content: 'x' }],
    ['group_message', { ...sender, groupId, messageType: 'voice', content: '', voiceMessage }],
  ]
  for (const [event, payload] of payloads) t.match(await ann.raw(event, payload), { ok: true }, event)
})

t.test('the longest ids are ids', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const longest = (last: string) => '√'.repeat(127) + last
  const ann = await cluster.connect(longest('a'))
  const bob = await cluster.connect(longest('b'))
  const conversationId = directConversationId(ann.userId, bob.userId)
  const sent = await ann.send('message', { recipientId: bob.userId, content: 'x' })
  t.equal(sent.conversationId, conversationId)
  await bob.send('message_read', { conversationId, seq: 1 })
  const { conversations } = await bob.send('sync', { conversations: { [conversationId]: 0 } })
  t.match(conversations[conversationId]?.messages, [{ content: 'x' }])
  t.match(await bob.get(`/chat/${encodeURIComponent(conversationId)}/messages`), { headSeq: 1 })
})

function withField(payload: Record<string, unknown>, [name = '', ...rest]: string[], value: unknown): object {
  const inner = (payload[name] ?? {}) as Record<string, unknown>
  return { ...payload, [name]: rest.length === 0 ? value : withField(inner, rest, value) }
}

/** Ids of all that is in the database, but the messages that barriers send. */
async function stored({ db }: Cluster): Promise<Record<string, string[]>> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort()
  const ids = names.map(async (name) => {
    const docs = await db
      .collection(name)
      .find({ content: { $not: /^barrier / } }, { projection: { _id: 1 } })
      .toArray()
    return [name, docs.map(({ _id }) => String(_id)).sort()]
  })
  return Object.fromEntries(await Promise.all(ids))
}
