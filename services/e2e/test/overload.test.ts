import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { Gate } from '../src/gate.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

t.test('a slow reader is let go, and finds by sync what it missed', async (t) => {
  // More than the transport is given at once, less than waits for it.
  const cluster = await startCluster(t, { workers: 0, env: { SLOW_READER_MAX_BYTES: '12000000' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  await bob.hears('new_message')
  const gone = bob.next<string>('disconnect')
  const { ws } = bob.socket.io.engine.transport as unknown as {
    ws: { _socket: { pause(): void; resume(): void } }
  }
  ws._socket.pause()
  const url = dataUrl(webmBytes(3_900_000))
  const count = 8
  for (let i = 0; i < count; i++) {
    const voiceMessage = { url, duration: 1, mimeType: 'audio/webm', size: 3_900_000 }
    await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  }
  const metric = async () => (await bob.http('/metrics')).text()
  let text = await metric()
  while (!/earshot_slow_readers_total\{.*\} 1/.test(text)) text = await metric()
  ws._socket.resume()
  await gone
  await bob.connected()
  const { conversations } = await bob.send('sync', { conversations: { [conversationId]: 1 } })
  t.equal(conversations[conversationId]?.messages.length, count)
  t.match(await ann.send('message', { recipientId: 'bob', content: 'y' }), { seq: count + 2 })
})

t.test('who sends too often is told when to come again', async (t) => {
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    env: { LIMIT_SENDS_BURST: '3', LIMIT_SENDS_PER_SECOND: '1' },
  })
  const ann = await cluster.connect('ann')
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => ann.raw('message', { recipientId: 'ann', content: 'x' })),
  )
  t.same(
    answers.map(({ ok }) => ok),
    [true, true, true, false],
  )
  t.match(answers[3], { error: { code: 'RATE_LIMITED', retryAfterMs: Number } })
  const asks = await Promise.all([
    ann.raw('sync', { conversations: {} }),
    ann.raw('typing', { recipientId: 'ann', isTyping: true }),
    ann.raw('sync', { conversations: {} }),
    ann.raw('typing', { recipientId: 'ann', isTyping: false }),
  ])
  t.same(
    asks.map(({ ok }) => ok),
    [true, true, true, false],
    'what asks much of others too',
  )
  t.match(asks[3], { error: { code: 'RATE_LIMITED', retryAfterMs: Number } })
})

t.test('one socket too many', async (t) => {
  const cluster = await startCluster(t, { workers: 0, env: { LIMIT_SOCKETS_PER_USER: '2' } })
  const first = await cluster.connect('ann', 0)
  const second = await cluster.connect('ann', 1)
  await Promise.all([first.send('user_online', 'ann'), second.send('user_online', 'ann')])
  const third = await cluster.connect('ann', 0)
  t.match(await third.hears('error_message'), { event: 'connect', error: { code: 'RATE_LIMITED' } })
  t.ok(first.socket.connected && second.socket.connected)
})

t.test('more than MongoDB takes: a bounded number waits, the rest is told to come again', async (t) => {
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    env: { COMMIT_QUEUE_MAX: '5', COMMIT_BATCH_MAX: '1' },
  })
  const ann = await cluster.connect('ann')
  await ann.send('message', { recipientId: 'ann', content: 'first' })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => ann.raw('message', { recipientId: 'ann', content: `${i}` })),
  )
  const kept = answers.filter(({ ok }) => ok)
  const refused = answers.filter(({ ok }) => !ok)
  t.ok(kept.length >= 5 && refused.length > 0)
  for (const answer of refused) t.match(answer, { error: { code: 'RETRY_LATER', retryAfterMs: Number } })
  t.equal(await cluster.db.collection('messages').countDocuments({}), kept.length + 1, 'refused is not kept')
})

t.test('MongoDB hangs: what waits for it holds so much memory, for so long, and no more', async (t) => {
  const { gate, url } = await Gate.to(process.env.TEST_MONGODB_URI ?? '')
  t.teardown(() => gate.close())
  const cluster = await startCluster(t, {
    nodes: 1,
    workers: 0,
    mongoUri: url,
    env: { SENDS_MAX_BYTES: '10000000', COMMIT_TIMEOUT_MS: '1000' },
  })
  const ann = await cluster.connect('ann')
  await ann.send('message', { recipientId: 'ann', content: 'first' })
  const insert = gate.hold('insert', 'messages')
  const text = { recipientId: 'ann', content: 'it hangs', clientMessageId: 'k' }
  const hanging = ann.raw('message', text)
  await insert.asked
  const voiceMessage = {
    url: dataUrl(webmBytes(2_000_000)),
    duration: 1,
    mimeType: 'audio/webm',
    size: 2_000_000,
  }
  const answers = Promise.all(
    Array.from({ length: 4 }, () => ann.raw('voice_message', { recipientId: 'ann', voiceMessage })),
  )
  t.match(await hanging, { error: { code: 'RETRY_LATER', retryAfterMs: Number } }, 'not waited for for ever')
  insert.release()
  t.same(
    (await answers).map(({ ok }) => ok),
    [true, true, false, false],
    'two of them fill it',
  )
  t.match(await ann.send('message', text), { status: 'sent' })
  t.equal(await cluster.db.collection('messages').countDocuments({ clientMessageId: 'k' }), 1)
})
