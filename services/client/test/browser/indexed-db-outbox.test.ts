import 'fake-indexeddb/auto'
import type { SendAck } from '@earshot/protocol'
import t from 'tap'
import { indexedDbOutbox } from '../../src/browser/indexed-db-outbox.ts'
import { Outbox } from '../../src/outbox/outbox.ts'
import type { OutboxItem } from '../../src/outbox/outbox-storage.ts'

const item = (clientMessageId: string): OutboxItem => ({
  clientMessageId,
  event: 'message',
  payload: { recipientId: 'bob', content: clientMessageId, clientMessageId },
  createdAt: 1,
})

t.test('what waits is there after a reload, in its order', async (t) => {
  const before = indexedDbOutbox('earshot:ann')
  for (const id of ['z', 'a', 'm']) await before.put(item(id))
  await before.remove('a')
  await before.remove('never there')
  const after = indexedDbOutbox('earshot:ann')
  t.same(await after.load(), [item('z'), item('m')])
  t.same(await indexedDbOutbox('earshot:bob').load(), [], 'another user has another')
  await t.rejects(after.put(item('z')), { name: 'ConstraintError' }, 'a key is taken once')
})

t.test('bytes are kept as they are', async (t) => {
  const outbox = indexedDbOutbox('earshot:voice')
  const data = Uint8Array.from({ length: 1000 }, (_, i) => i)
  const voiceMessage = { data, duration: 1, mimeType: 'audio/webm', size: data.length }
  await outbox.put({
    clientMessageId: 'v',
    event: 'voice_message',
    payload: { recipientId: 'bob', voiceMessage, clientMessageId: 'v' },
    createdAt: 1,
  })
  const [loaded] = await outbox.load()
  t.match(loaded?.payload, { voiceMessage: { data } })
})

t.test(
  'of two tabs one sends at a time, and what one has sent or taken back the other does not send',
  async (t) => {
    const one = indexedDbOutbox('earshot:tabs')
    const other = indexedDbOutbox('earshot:tabs')
    const first = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const order: string[] = []
    const slow = one.exclusively?.('user:bob', async () => {
      started.resolve()
      await first.promise
      order.push('first')
    })
    await started.promise
    const next = other.exclusively?.('user:bob', async () => void order.push('second'))
    await other.exclusively?.('user:cleo', async () => void order.push('elsewhere'))
    first.resolve()
    await Promise.all([slow, next])
    t.same(order, ['elsewhere', 'first', 'second'])

    await one.put(item('a'))
    t.equal(await other.has?.('a'), true)
    await one.remove('a')
    t.equal(await other.has?.('a'), false)
  },
)

t.test('what two tabs wrote without a network arrives in the order in which it was written', async (t) => {
  const connection = Promise.withResolvers<void>()
  const order = new Set<string>()
  const tab = () =>
    new Outbox({
      storage: indexedDbOutbox('earshot:order'),
      ready: () => connection.promise,
      deliver: async ({ clientMessageId }) => {
        order.add(clientMessageId)
        return { _id: clientMessageId } as SendAck
      },
      retry: { maxTries: 3, baseDelayMs: 1, maxDelayMs: 2 },
      emit: () => undefined,
    })
  const [one, other] = [tab(), tab()]
  const storage = indexedDbOutbox('earshot:order')
  const written: Promise<SendAck>[] = []
  for (const [id, where] of [
    ['z', one],
    ['a', other],
    ['m', one],
    ['b', other],
  ] as const) {
    written.push(where.add(item(id)))
    while (!(await storage.has?.(id))) await new Promise(setImmediate) // kept
  }
  for (const outbox of [one, other]) outbox.resume()
  connection.resolve()
  await Promise.all(written)
  t.same([...order], ['z', 'a', 'm', 'b'])
  t.same(await storage.load(), [])
})
