import type { Message, SyncedConversation } from '@earshot/protocol'
import t from 'tap'
import { Emitter } from '../src/emitter.ts'
import type { EarshotEvents } from '../src/events.ts'
import { Feed } from '../src/feed/feed.ts'
import { defaultRetryPolicy } from '../src/retry.ts'

t.test('where one stopped in voice messages comes with what was missed', async (t) => {
  const events = new Emitter<EarshotEvents>()
  const answer: SyncedConversation = {
    messages: [],
    changes: [],
    headSeq: 3,
    headChangeSeq: 0,
    complete: true,
    positions: { m2: 4.5 },
  }
  const feed = new Feed({
    events,
    sync: async () => ({ c: answer }),
    list: async () => [],
    isConnected: () => true,
    retry: defaultRetryPolicy,
  })
  const told = new Promise((resolve) => events.on('voice_position_changed', resolve))
  feed.start({ c: { seq: 3 } })
  t.strictSame(await told, { messageId: 'm2', conversationId: 'c', position: 4.5 })
  feed.stop()
})

t.test('a server that has less than we were told, as after a restored backup, is followed', async (t) => {
  const events = new Emitter<EarshotEvents>()
  const answer = { messages: [], changes: [], headSeq: 2, headChangeSeq: 1, complete: true }
  const asked: unknown[] = []
  const feed = new Feed({
    events,
    sync: async (positions) => {
      asked.push(positions)
      return { c: answer }
    },
    list: async () => [],
    isConnected: () => true,
    retry: defaultRetryPolicy,
  })
  feed.start({ c: { seq: 9, changeSeq: 9 } })
  while (feed.positions().c?.seq !== 2) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(asked, [{ c: { seq: 9, changeSeq: 9 } }])
  t.strictSame(feed.positions(), { c: { seq: 2, changeSeq: 1 } })
  const told = new Promise((resolve) => events.on('message', resolve))
  feed.hear({ _id: 'm3', conversationId: 'c', seq: 3 } as Message)
  t.match(await told, { seq: 3 })
  feed.stop()
})
