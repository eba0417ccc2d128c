import { type ClientEventName, clientEvents, directConversationId, type Limits } from '@earshot/protocol'
import t from 'tap'
import { type LimitedField, limitedFields, type Schema, sampleOf } from '../src/bad-input/schema.ts'
import { secret, startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'
import { TestClient } from '../src/test-client.ts'
import { mintToken } from '../src/tokens.ts'

const events = Object.keys(clientEvents) as ClientEventName[]
const schemaOf = (event: ClientEventName) => clientEvents[event].payload as Schema
const voiceMessage = { duration: 1, mimeType: 'audio/webm', size: 1_000, url: dataUrl(webmBytes(1_000)) }

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
    const isVoice = path[0] === 'voiceMessage' || event === 'voice_message'
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
      case 'clientMessageIdMaxChars':
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
    ['group_message', { groupId: 'none', messageType: 'voice', voiceMessage, file }, 'BAD_REQUEST', 'file'],
    ['message', { ...to, content: 'x', replyTo: 'none' }, 'NOT_FOUND', 'replyTo'],
    ['voice_played', { conversationId, seq: 1 }, 'BAD_REQUEST', 'seq'],
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

t.test('a token whose subject no store could keep names nobody; of a name the rest is kept', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  for (const userId of ['a\0', 'a\ud800', 'x'.repeat(129), '']) {
    const client = new TestClient(cluster.url(0), userId, await mintToken(secret, userId))
    cluster.clients.push(client)
    const { data } = await client.next<Error & { data: object }>('connect_error')
    t.match(data, { code: 'UNAUTHENTICATED' }, JSON.stringify(userId.slice(0, 9)))
    const response = await fetch(`${cluster.url(0)}/user/me`, {
      headers: { authorization: `Bearer ${client.token}` },
    })
    t.equal(response.status, 401)
  }
  const name = `A\0n\ud800n${'😀'.repeat(200)}`
  const token = await mintToken(secret, 'ann', { name })
  const response = await fetch(`${cluster.url(0)}/user/me`, { headers: { authorization: `Bearer ${token}` } })
  t.same(await response.json(), { _id: 'ann', name: `Ann${'😀'.repeat(125)}` })
})

function withField(payload: Record<string, unknown>, [name = '', ...rest]: string[], value: unknown): object {
  const inner = (payload[name] ?? {}) as Record<string, unknown>
  return { ...payload, [name]: rest.length === 0 ? value : withField(inner, rest, value) }
}
