import { applyMessages, emptyMessageList } from '@earshot/client'
import type { Message } from '@earshot/protocol'
import t from 'tap'
import { type ChatState, initialChatState } from '../src/features/chat/chat-state.ts'
import { goTo, goToNewest, viewOf, withNewer, withOlder } from '../src/features/chat/history-window.ts'

const headSeq = 100

function page(from: number, to: number, holes: number[] = []) {
  const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  return { messages: seqs.filter((seq) => !holes.includes(seq)).map(message), headSeq }
}

function message(seq: number): Message {
  return {
    _id: `m${seq}`,
    conversationId: 'c',
    seq,
    sender: { _id: 'ann', name: 'Ann' },
    groupId: 'c',
    messageType: 'text',
    content: '',
    createdAt: new Date(seq).toISOString(),
    status: 'sent',
  }
}

const opened: ChatState = {
  ...initialChatState,
  lists: { c: applyMessages(emptyMessageList, page(81, 100).messages, headSeq) },
}
const seqs = (state: ChatState) => viewOf(state, 'c')?.messages.map(({ seq }) => seq) ?? []

t.test('far from the end a part of its own is shown, until scrolling has joined it', async (t) => {
  const there = goTo(opened, 'c', [page(31, 40), page(41, 50)])
  t.strictSame([seqs(there)[0], seqs(there).at(-1), there.views.c], [31, 50, 1])
  const older = withOlder(there, 'c', 31, page(1, 30))
  t.equal(seqs(older)[0], 1)
  const near = withNewer(older, 'c', 50, page(51, 80, [60, 80]))
  t.ok(near.around.c, 'what lies between 79 and 81 is not known')
  const joined = withNewer(near, 'c', 79, page(81, 90))
  t.notOk(joined.around.c)
  t.strictSame([seqs(joined).length, seqs(joined)[0], seqs(joined).at(-1)], [98, 1, 100])
  t.equal(joined.views.c, 1, 'the view goes on')
})

t.test('near to the end it is one list at once', async (t) => {
  const there = goTo(opened, 'c', [page(61, 70), page(71, 85)])
  t.strictSame([there.around.c, seqs(there)[0], seqs(there).at(-1)], [undefined, 61, 100])
})

t.test('without the newest messages it ends where the conversation does', async (t) => {
  const there = goTo(initialChatState, 'c', [page(31, 40)])
  t.ok(there.around.c)
  t.notOk(withNewer(there, 'c', 40, page(41, 100)).around.c)
  t.notOk(withNewer(there, 'c', 40, page(1, 0)).around.c, 'numbers without messages at its end')
})

t.test('a page that was asked for before one went elsewhere changes nothing', async (t) => {
  const there = goTo(opened, 'c', [page(31, 40)])
  const elsewhere = goTo(there, 'c', [page(11, 20)])
  t.equal(withOlder(elsewhere, 'c', 31, page(21, 30)), elsewhere)
  t.equal(withNewer(elsewhere, 'c', 40, page(41, 50)), elsewhere)
  const back = goToNewest(elsewhere, 'c')
  t.strictSame([seqs(back)[0], back.views.c], [81, 3])
  t.equal(goToNewest(back, 'c'), back)
})
