/**
 * Servers that are broken on purpose: the checker must find each of them out. One that gets away is a bug of the
 * checker. Production code is not touched: methods are exchanged in this process and put back.
 */
import { randomBytes } from 'node:crypto'
import { ChangeApplier } from '@earshot/core/changes/change-applier'
import { ChangeStore } from '@earshot/core/changes/change-store'
import { ConversationAccess } from '@earshot/core/conversations/access'
import { MembershipStore } from '@earshot/core/conversations/membership-store'
import { type Committed, Committer } from '@earshot/core/messages/committer'
import { HistoryService } from '@earshot/core/messages/history-service'
import { MessageStore } from '@earshot/core/messages/message-store'
import { Sequencer } from '@earshot/core/messages/sequencer'
import { MembershipChannel, SocketFanout } from '@earshot/realtime'
import t from 'tap'
import { every, findsOut, mutate } from '../checker/mutation.ts'

t.test('a server without idempotency keys', async (t) => {
  mutate(t, Committer.prototype, 'commit', (commit) => {
    return function (this: Committer, draft) {
      return commit.call(this, { ...draft, _id: randomBytes(16).toString('base64url') })
    }
  })
  await findsOut(t, { invariant: 2, what: /several answers/ })
})

t.test('one that takes other words for the same key', async (t) => {
  mutate(t, Committer.prototype, 'commit', (commit) => {
    return function (this: Committer, draft) {
      return commit.call(this, { ...draft, fingerprint: 'the same for all' })
    }
  })
  await findsOut(t, { invariant: 2, what: /several contents/ })
})

t.test('one that gives a number twice', async (t) => {
  const now = every(7)
  mutate(t, Sequencer.prototype, 'allocate', (allocate) => {
    return async function (this: Sequencer, ids) {
      const numbers = await allocate.call(this, ids)
      if (now())
        for (const [id, given] of numbers)
          numbers.set(
            id,
            given.map((n) => Math.max(1, n - 1)),
          )
      return numbers
    }
  })
  await findsOut(t, { invariant: 3, what: /one place/ }, async ({ db }) => {
    await db.collection('messages').dropIndex('conversationId_1_seq_1')
  })
})

t.test('one that numbers without order', async (t) => {
  const held = new Map<string, number>()
  mutate(t, Sequencer.prototype, 'allocate', (allocate) => {
    return async function (this: Sequencer, ids) {
      const [[conversationId, messageIds] = ['', []]] = ids
      if (ids.size !== 1 || messageIds.length !== 1) return allocate.call(this, ids)
      const before = held.get(conversationId)
      held.delete(conversationId)
      if (before !== undefined) return new Map([[conversationId, [before]]])
      const two = new Map([[conversationId, [...messageIds, randomBytes(8).toString('hex')]]])
      const [first = 0, second = 0] = (await allocate.call(this, two)).get(conversationId) ?? []
      held.set(conversationId, first)
      return new Map([[conversationId, [second]]])
    }
  })
  await findsOut(t, { invariant: 3, what: /said later/ })
})

t.test('one that acknowledges what it never stores', async (t) => {
  const now = every(15)
  mutate(t, MessageStore.prototype, 'insert', (insert) => {
    return async function (this: MessageStore, docs) {
      return now() ? docs.map(() => ({ kind: 'inserted' })) : insert.call(this, docs)
    }
  })
  await findsOut(t, { invariant: 1, what: /acked but not stored/ })
})

t.test('one that tells before it has stored', async (t) => {
  const late: Promise<unknown>[] = []
  t.teardown(() => Promise.all(late))
  mutate(t, MessageStore.prototype, 'insert', (insert) => {
    return async function (this: MessageStore, docs) {
      late.push(new Promise((resolve) => setTimeout(resolve, 50)).then(() => insert.call(this, docs)))
      return docs.map(() => ({ kind: 'inserted' }))
    }
  })
  await findsOut(t, { invariant: 1, what: /before it was stored/ })
})

t.test('one that stores something else', async (t) => {
  const now = every(9)
  mutate(t, MessageStore.prototype, 'insert', (insert) => {
    return function (this: MessageStore, docs) {
      return insert.call(this, now() ? docs.map((doc) => ({ ...doc, content: `${doc.content}.` })) : docs)
    }
  })
  await findsOut(t, { invariant: 1, what: /not what was acked/ })
})

t.test('one that delivers to somebody else too', async (t) => {
  let previous = ''
  mutate(t, SocketFanout.prototype, 'toUser', (toUser) => {
    return function (this: SocketFanout, userId, event, payload, options) {
      toUser.call(this, userId, event, payload, options)
      if (previous !== '') toUser.call(this, previous, event, payload)
      previous = userId
    }
  })
  await findsOut(t, { invariant: 5, what: /an outsider hears new_message/ })
})

t.test('one that answers one with what was for another', async (t) => {
  const now = every(9)
  let before: Committed | undefined
  mutate(t, Committer.prototype, 'commit', (commit) => {
    return async function (this: Committer, draft) {
      const committed = await commit.call(this, draft)
      const answer = before && now() ? before : committed
      before = committed
      return answer
    }
  })
  await findsOut(t, { invariant: 5, what: /the answer is to something else/ })
})

t.test('one that drops deliveries', async (t) => {
  const now = every(9)
  mutate(t, SocketFanout.prototype, 'toUser', (toUser) => {
    return function (this: SocketFanout, ...told) {
      if (!now()) toUser.apply(this, told)
    }
  })
  await findsOut(t, { invariant: 4, what: /not delivered live/ })
})

t.test('one whose sync leaves something out', async (t) => {
  const now = every(5)
  mutate(t, HistoryService.prototype, 'sync', (sync) => {
    return async function (this: HistoryService, ...asked) {
      const answer = await sync.apply(this, asked)
      for (const conversation of Object.values(answer.conversations)) if (now()) conversation.messages.shift()
      return answer
    }
  })
  await findsOut(t, { invariant: 4, what: /sync passed over/ })
})

t.test('one whose pages leave something out', async (t) => {
  mutate(t, HistoryService.prototype, 'page', (page) => {
    return async function (this: HistoryService, ...asked) {
      const answer = await page.apply(this, asked)
      return { ...answer, messages: answer.messages.filter((_, i) => i !== 2) }
    }
  })
  await findsOut(t, { invariant: 4, what: /a page passed over/ })
})

t.test('one that delivers two messages with one number', async (t) => {
  const now = every(9)
  mutate(t, SocketFanout.prototype, 'toGroup', (toGroup) => {
    return function (this: SocketFanout, groupId, event, payload) {
      toGroup.call(this, groupId, event, payload)
      if (event === 'new_group_message' && now())
        toGroup.call(this, groupId, event, { ...payload, _id: 'ghost' })
    }
  })
  await findsOut(t, { invariant: 3, what: /different messages in one place/ })
})

t.test('one that never forgets who was a member', async (t) => {
  mutate(t, MembershipStore.prototype, 'forget', () => () => undefined)
  await findsOut(t, { invariant: 5, what: /an outsider (reads|writes)/ })
})

t.test('one that lets removed members listen', async (t) => {
  mutate(t, MembershipStore.prototype, 'membersAmong', () => async (_, userIds) => new Set(userIds))
  await findsOut(t, { invariant: 5, what: /an outsider hears new_group_message/ })
})

t.test('one whose nodes do not tell each other who was removed', async (t) => {
  mutate(t, MembershipChannel.prototype, 'announce', () => async () => undefined)
  await findsOut(t, { invariant: 5, what: /an outsider (reads|hears)/ })
})

t.test('one that lets anybody read', async (t) => {
  mutate(t, ConversationAccess.prototype, 'mayRead', () => async () => true)
  await findsOut(t, { invariant: 5, what: /an outsider reads/ })
})

t.test('one that lets go of changes it has acknowledged', async (t) => {
  const now = every(5)
  mutate(t, ChangeStore.prototype, 'insert', (insert) => {
    return async function (this: ChangeStore, change) {
      return now() || insert.call(this, change)
    }
  })
  await findsOut(t, { invariant: 1, what: /a change was acked but is not kept/ })
})

t.test('one that tells of changes and makes none', async (t) => {
  mutate(t, ChangeApplier.prototype, 'apply', () => async () => undefined)
  await findsOut(t, { invariant: 3, what: /show one message differently/ })
})

t.test('one whose sync knows no changes', async (t) => {
  mutate(t, HistoryService.prototype, 'sync', (sync) => {
    return async function (this: HistoryService, ...asked) {
      const answer = await sync.apply(this, asked)
      for (const conversation of Object.values(answer.conversations)) conversation.changes = []
      return answer
    }
  })
  await findsOut(t, { invariant: 4, what: /changes are missing/ })
})

t.test('one that keeps what deleted messages said', async (t) => {
  mutate(t, ChangeStore.prototype, 'forgetEdits', () => async () => undefined)
  await findsOut(t, { invariant: 5, what: /an edit of a deleted message is still told/ })
})
