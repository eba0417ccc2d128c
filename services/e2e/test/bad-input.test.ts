import { type ClientEventName, clientEvents } from '@earshot/protocol'
import t from 'tap'
import { badCases } from '../src/bad-input/cases.ts'
import { type Schema, sampleOf, unbounded } from '../src/bad-input/schema.ts'
import { stored } from '../src/bad-input/stored.ts'
import { complaint } from '../src/bad-input/verdict.ts'
import { startCluster } from '../src/cluster.ts'

const events = Object.keys(clientEvents) as ClientEventName[]
const schemaOf = (event: ClientEventName) => clientEvents[event].payload as Schema
const words = { senderId: 'ann', recipientId: 'bob' }
/** Deeper than a payload ever is; the client's own parser survives some thousands. */
const levels = 1_000
/** So many sends of a test are no flood. */
const env = { LIMIT_SENDS_BURST: '1000000' }
const badRequest = { ok: false, error: { code: 'BAD_REQUEST' } }

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
  const before = await stored(cluster.db)
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
  t.same(await stored(cluster.db), before, 'nothing was stored')
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
