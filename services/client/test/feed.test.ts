import {
  type Conversation,
  directConversationId,
  type Message,
  type SyncedConversation,
} from '@earshot/protocol'
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

t.test(
  'a conversation that began while we were away is told from its start, whatever is heard of it first',
  async (t) => {
    const events = new Emitter<EarshotEvents>()
    const [direct, group] = [directConversationId('ann', 'bob'), '0123456789abcdef01234567']
    const messageOf = (conversationId: string) => (seq: number) => ({ conversationId, seq }) as Message
    const listings: ((found: Conversation[]) => void)[] = []
    const feed = new Feed({
      events,
      async sync(positions) {
        const answers = Object.keys(positions).map((id) => {
          const messages = [1, 2, 3].map(messageOf(id))
          const answer: SyncedConversation = {
            ...{ messages, changes: [] },
            ...{ headSeq: 3, headChangeSeq: 0, complete: true },
          }
          return [id, answer] as const
        })
        return Object.fromEntries(answers)
      },
      list: () => new Promise((resolve) => listings.push(resolve)),
      isConnected: () => true,
      retry: defaultRetryPolicy,
    })
    const listed = async (found: string[]) => {
      while (listings.length === 0) await new Promise((resolve) => setImmediate(resolve))
      listings.shift()?.(found.map((_id) => ({ _id, headSeq: 3 })) as Conversation[])
    }
    const told: string[] = []
    const toldOf = async (conversationId: string, count: number) => {
      const here = () => told.filter((one) => one.startsWith(conversationId))
      while (here().length < count) await new Promise((resolve) => setImmediate(resolve))
      return here()
    }
    events.on('message', ({ conversationId, seq }) => told.push(`${conversationId} ${seq}`))
    feed.start()
    await listed([])
    events.emit('connected', { socketId: 'again' })
    events.emit('new_group_message', messageOf(group)(3))
    await listed([group])
    t.same(
      await toldOf(group, 3),
      [1, 2, 3].map((seq) => `${group} ${seq}`),
    )

    events.emit('new_message', messageOf(direct)(3))
    t.same(
      await toldOf(direct, 3),
      [1, 2, 3].map((seq) => `${direct} ${seq}`),
      'also where nobody says that one was away',
    )

    const other = '0123456789abcdef01234568'
    events.emit('new_group_message', messageOf(other)(3))
    t.same(
      await toldOf(other, 1),
      [`${other} 3`],
      'of a group that one is in since now, what is said from now on',
    )
    feed.stop()
  },
)
