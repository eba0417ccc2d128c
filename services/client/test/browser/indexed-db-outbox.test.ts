import 'fake-indexeddb/auto'
import t from 'tap'
import { indexedDbOutbox } from '../../src/browser/indexed-db-outbox.ts'
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
