import type { SyncedConversation } from '@earshot/protocol'
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
