import type { Group, HistoryPage } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'
import { dataUrl, webmBytes } from '../src/speech.ts'

t.test('edit, react, delete: told, stored, learnt of by sync', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)
  const {
    _id: messageId,
    conversationId,
    seq,
  } = await ann.send('message', { recipientId: 'bob', content: 'helo' })
  const { headChangeSeq } = await missed(bob, conversationId, { seq: 0, changeSeq: 0 })
  t.equal(headChangeSeq, 0)

  t.match(await ann.send('edit_message', { messageId, content: 'hello' }), {
    messageId,
    conversationId,
    changeSeq: 1,
  })
  const fields = { messageId, conversationId, seq }
  t.match(await bob.hears('message_edited'), { ...fields, changeSeq: 1, content: 'hello', editedAt: String })
  t.match(await bob.send('react', { messageId, emoji: '👍' }), { changeSeq: 2 })
  t.match(await bob.send('react', { messageId, emoji: '👍' }), { changeSeq: 0 }, 'one of a kind')
  t.match(await ann.hears('message_reaction'), {
    ...fields,
    changeSeq: 2,
    userId: 'bob',
    emoji: '👍',
    remove: false,
  })
  t.match(await ann.send('react', { messageId, emoji: '👍' }), { changeSeq: 3 })
  t.match(await bob.send('react', { messageId, emoji: '👍', remove: true }), { changeSeq: 4 })

  const path = `/chat/${encodeURIComponent(conversationId)}/messages`
  t.match((await bob.get<HistoryPage>(path)).messages, [
    { content: 'hello', editedAt: String, reactions: [{ emoji: '👍', userIds: ['ann'] }] },
  ])
  t.match(await bob.raw('edit_message', { messageId, content: 'x' }), { error: { code: 'FORBIDDEN' } })
  t.match(await bob.raw('delete_message', { messageId }), { error: { code: 'FORBIDDEN' } })
  t.match(await eve.raw('react', { messageId, emoji: '👍' }), { error: { code: 'NOT_FOUND' } })
  t.match(await eve.raw('delete_message', { messageId }), { error: { code: 'NOT_FOUND' } })
  t.match(await ann.raw('edit_message', { messageId: { $gt: '' }, content: 'x' }), {
    error: { field: 'messageId' },
  })

  const deleted = await ann.http(`/message/${messageId}`, { method: 'DELETE' })
  t.match(await deleted.json(), { changeSeq: 5 })
  t.match(await bob.hears('message_deleted'), { ...fields, changeSeq: 5, deletedAt: String })
  t.match(await ann.send('delete_message', { messageId }), { changeSeq: 0 }, 'twice is once')
  const [tombstone] = (await bob.get<HistoryPage>(path)).messages
  t.match(tombstone, { content: '', deletedAt: String })
  t.notOk(tombstone?.reactions)
  t.match(await bob.raw('edit_message', { messageId, content: 'x' }), { ok: false })
  t.match((await bob.get<{ conversations: object[] }>('/chat')).conversations, [
    { lastMessage: { deletedAt: String, content: '' } },
  ])

  const away = await missed(bob, conversationId, { seq: 1, changeSeq: 2 })
  t.match(away, { headChangeSeq: 5, complete: true, messages: [] })
  t.same(
    away.changes.map(({ type, changeSeq }) => [type, changeSeq]),
    [
      ['message_reaction', 3],
      ['message_reaction', 4],
      ['message_deleted', 5],
    ],
  )
})

t.test('what one does to a message at once is done in the order in which one did it', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const { _id: messageId, conversationId } = await ann.send('message', { recipientId: 'ann', content: 'x' })
  const contents = ['y', 'x', 'z', 'x']
  const edits = await Promise.all(contents.map((content) => ann.send('edit_message', { messageId, content })))
  t.same(
    edits.map(({ changeSeq }) => changeSeq),
    [1, 2, 3, 4],
  )
  const page = await ann.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)
  t.match(page.messages, [{ content: 'x' }])
  const reactions = await Promise.all(
    [false, true, false].map((remove) => ann.send('react', { messageId, emoji: '👍', remove })),
  )
  t.same(
    reactions.map(({ changeSeq }) => changeSeq),
    [5, 6, 7],
  )
})

t.test('changes from two nodes at once, with Redis wiped between: dense', async (t) => {
  const cluster = await startCluster(t, { env: { LIMIT_REACTION_KINDS_PER_USER: '25' } })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { _id: messageId, conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const kinds = emojis(50)
  const react = (n: number) => [
    ann.send('react', { messageId, emoji: kinds[n] }),
    bob.send('react', { messageId, emoji: kinds[n + 25] }),
  ]
  const first = await Promise.all(Array.from({ length: 20 }, (_, n) => react(n)).flat())
  await cluster.redis.del(await cluster.redis.keys(`${cluster.prefix}:{dm:*`))
  const second = await Promise.all(Array.from({ length: 5 }, (_, n) => react(n + 20)).flat())
  const numbers = [...first, ...second].map(({ changeSeq }) => changeSeq).sort((a, b) => a - b)
  t.same(
    numbers,
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
  const { changes, headChangeSeq } = await missed(ann, conversationId, { seq: 1, changeSeq: 0 })
  t.equal(headChangeSeq, 50)
  t.same(
    changes.map(({ changeSeq }) => changeSeq),
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
})

t.test('a deleted voice message is gone everywhere', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const voiceMessage = { url: dataUrl(webmBytes(1_000)), duration: 1, mimeType: 'audio/webm', size: 1_000 }
  const { _id: messageId } = await ann.send('voice_message', { recipientId: 'bob', voiceMessage })
  await bob.hears('voice_message_stored')
  await ann.send('delete_message', { messageId })
  t.equal((await bob.http(`/media/${messageId}`)).status, 404)
  t.equal(await cluster.db.collection('media.files').countDocuments({}), 0)
  t.equal(await cluster.db.collection('media.chunks').countDocuments({}), 0)
})

t.test('a group: changes reach members alone; renamed, handed over, deleted', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const created = await ann.http('/group', { method: 'POST', json: { name: 'Old', members: ['bob'] } })
  const { _id: groupId } = (await created.json()) as Group
  await bob.hears('group_created')
  await bob.send('sync', { conversations: { [groupId]: 0 } })
  const { _id: messageId } = await bob.send('group_message', { groupId, messageType: 'text', content: 'x' })
  await bob.send('edit_message', { messageId, content: 'y' })
  t.match(await ann.hears('message_edited'), { messageId, content: 'y', changeSeq: 1 })

  t.equal((await bob.http(`/group/${groupId}`, { method: 'PATCH', json: { name: 'Mine' } })).status, 403)
  t.equal((await ann.http(`/group/${groupId}`, { method: 'PATCH', json: { name: 'New' } })).status, 200)
  t.match(await bob.hears('group_updated'), { groupId, name: 'New' })
  t.equal((await ann.http(`/group/${groupId}/members/ann`, { method: 'DELETE' })).status, 204)
  await bob.hears('group_member_removed')
  t.match(await bob.get(`/group/${groupId}`), { name: 'New', members: [{ userId: 'bob', role: 'owner' }] })
  t.match(await ann.raw('react', { messageId, emoji: '👍' }), { error: { code: 'NOT_FOUND' } })
  t.equal((await bob.http(`/group/${groupId}`, { method: 'DELETE' })).status, 204)
  t.equal((await bob.http(`/chat/${groupId}/messages`)).status, 404)
})

t.test('a reaction is one emoji, in one spelling', async (t) => {
  const cluster = await startCluster(t, { nodes: 1, workers: 0 })
  const ann = await cluster.connect('ann')
  const { _id: messageId } = await ann.send('message', { recipientId: 'ann', content: 'x' })
  for (const emoji of ['x', '1', '👍👍', ' 👍', '★', '<b>', '\u200d', '🇩', 'thumbsup']) {
    const refused = await ann.raw('react', { messageId, emoji })
    t.match(refused, { ok: false, error: { code: 'BAD_REQUEST', field: 'emoji' } }, emoji)
  }
  const spellings: [sent: string, told: string][] = [
    ['👍🏽', '👍🏽'],
    ['❤', '❤\ufe0f'],
    ['🏳\u200d🌈', '🏳\ufe0f\u200d🌈'],
    ['1\u20e3', '1\ufe0f\u20e3'],
    ['👩🏻\u200d❤\u200d💋\u200d👩🏼', '👩🏻\u200d❤\ufe0f\u200d💋\u200d👩🏼'],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['🇩🇪', '🇩🇪'],
  ]
  for (const [sent, told] of spellings) {
    await ann.send('react', { messageId, emoji: sent })
    await ann.hears('message_reaction', ({ emoji }) => emoji === told)
    t.match(await ann.send('react', { messageId, emoji: told }), { changeSeq: 0 }, `${told} is there already`)
    const takenBack = await ann.send('react', { messageId, emoji: sent, remove: true })
    t.not(takenBack.changeSeq, 0, `${sent} takes it back`)
  }
})

t.test('reactions to one message are limited, of a user and in all, also at once', async (t) => {
  const limits = { LIMIT_REACTION_KINDS_PER_USER: '3', LIMIT_REACTION_KINDS_PER_MESSAGE: '4' }
  const cluster = await startCluster(t, { workers: 0, env: limits })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  t.match(await ann.get('/limits'), { reactionKindsPerUser: 3, reactionKindsPerMessage: 4 })
  const { _id: messageId, conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  const react = (emoji: string, remove = false) => ({ messageId, emoji, ...(remove && { remove }) })
  const tooMany = { ok: false, error: { code: 'TOO_LARGE', field: 'emoji' } }

  const kinds = emojis(60)
  const tenAtOnce = kinds.splice(0, 10)
  const answers = await Promise.all(tenAtOnce.map((emoji) => ann.raw('react', react(emoji))))
  const [a = '', b = '', c = '', ...more] = tenAtOnce.filter((_, i) => answers[i]?.ok)
  t.same(more, [], 'of ten at once so many as may be')
  t.match(
    answers.filter(({ ok }) => !ok),
    Array.from({ length: 7 }, () => tooMany),
  )
  const [d = '', e = ''] = kinds.splice(0, 2)
  t.match(await bob.send('react', react(a)), { changeSeq: 4 }, 'the same kind from somebody else')
  t.match(await bob.send('react', react(d)), { changeSeq: 5 })
  t.match(await bob.raw('react', react(e)), tooMany, 'a fifth kind')
  t.match(await bob.send('react', react(b)), { changeSeq: 6 }, 'a kind that is there is no new one')
  t.match(await ann.send('react', react(c, true)), { changeSeq: 7 })
  t.match(await ann.send('react', react(d)), { changeSeq: 8 }, 'one taken back makes room')

  // What is taken back leaves a trace in the message: it must not grow with every change of mind.
  const traces = []
  for (const emoji of kinds) {
    await ann.send('react', react(d, true))
    const answer = await ann.raw('react', react(emoji))
    traces.push(answer)
    if (!answer.ok) break
    await ann.send('react', react(emoji, true))
    await ann.send('react', react(d))
  }
  t.match(traces.at(-1), tooMany, 'changes of mind are limited too')
  const page = await bob.get<HistoryPage>(`/chat/${encodeURIComponent(conversationId)}/messages`)
  t.same(
    new Map(page.messages[0]?.reactions?.map(({ emoji, userIds }) => [emoji, userIds])),
    new Map([
      [a, ['ann', 'bob']],
      [b, ['ann', 'bob']],
      [d, ['bob']],
    ]),
  )
})

/** Different ones. */
function emojis(count: number): string[] {
  return Array.from({ length: count }, (_, n) => String.fromCodePoint(0x1f600 + n))
}

async function missed(
  client: Awaited<ReturnType<Awaited<ReturnType<typeof startCluster>>['connect']>>,
  conversationId: string,
  position: { seq: number; changeSeq: number },
) {
  const { conversations } = await client.send('sync', { conversations: { [conversationId]: position } })
  const answer = conversations[conversationId]
  if (!answer) throw new Error('the conversation is absent')
  return answer
}

t.test(
  'a change whose node died before it was in the message: who learns of it and who reads agree',
  async (t) => {
    const cluster = await startCluster(t, { workers: 0 })
    const ann = await cluster.connect('ann', 0)
    const bob = await cluster.connect('bob', 1)
    const { _id: messageId, conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
    await ann.send('edit_message', { messageId, content: 'y' })
    const log = cluster.db.collection<{ _id: string }>('changes')
    const change = {
      ...(await log.findOne({ conversationId })),
      _id: `${conversationId}:2`,
      changeSeq: 2,
      isPending: true,
    }
    await log.insertOne({ ...change, content: 'z' } as { _id: string })

    const { changes } = await missed(bob, conversationId, { seq: 1, changeSeq: 1 })
    t.match(changes, [{ type: 'message_edited', content: 'z', changeSeq: 2 }])
    const path = `/chat/${encodeURIComponent(conversationId)}/messages`
    t.match(await ann.get<HistoryPage>(path), { messages: [{ content: 'z' }] })
  },
)

t.test('what a deleted message said before is told to nobody any more', async (t) => {
  const cluster = await startCluster(t)
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const { _id: messageId, conversationId } = await ann.send('message', { recipientId: 'bob', content: 'x' })
  await ann.send('edit_message', { messageId, content: 'a secret' })
  await ann.send('delete_message', { messageId })
  const { changes } = await missed(bob, conversationId, { seq: 1, changeSeq: 0 })
  t.match(changes, [
    { type: 'message_edited', content: '', changeSeq: 1 },
    { type: 'message_deleted', changeSeq: 2 },
  ])
  // An edit of another node that was numbered in time and brought to its end by the worker, later than the deletion.
  const log = cluster.db.collection<{ _id: string }>('changes')
  const edit = await log.findOne({ conversationId, kind: 'edit' })
  const late = { ...edit, _id: `${conversationId}:3`, changeSeq: 3, content: 'another secret' }
  await log.insertOne({ ...late, isPending: true, at: new Date(0) } as { _id: string })
  const finished = await bob.hears('message_edited', ({ changeSeq }) => changeSeq === 3)
  t.equal(finished.content, '')
  t.equal(await log.countDocuments({ content: 'another secret' }), 0)
})
