import { directConversationId, type SearchResult } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

t.test('search finds what one may read, and nothing else', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  const eve = await cluster.connect('eve', 1)
  const first = await ann.send('message', { recipientId: 'bob', content: 'The Quick brown fox (.*)' })
  const second = await bob.send('message', { recipientId: 'ann', content: 'a quick answer' })
  await ann.send('message', { recipientId: 'eve', content: 'quick, to Eve' })
  const search = async (client: typeof ann, q: string, more = '') =>
    client.get<SearchResult>(`/message/search?q=${encodeURIComponent(q)}${more}`)
  const ids = ({ messages }: SearchResult) => messages.map(({ _id }) => _id)
  t.same(ids(await search(bob, 'quick')), [second._id, first._id], 'newest first')
  t.same(ids(await search(bob, 'fox (.*)')), [first._id], 'as it stands')
  t.same(ids(await search(eve, 'brown')), [])
  const inOne = `&conversationId=${encodeURIComponent(first.conversationId)}`
  t.equal(ids(await search(ann, 'quick', inOne)).length, 2)
  const foreign = await eve.http(`/message/search?q=quick${inOne}`)
  t.equal(foreign.status, 404, "not in another's conversation")
  t.match(await foreign.json(), { error: { field: 'conversationId' } })
  // Newer ones than a server without a text index looks into.
  const newer = Array.from({ length: 60 }, (_, i) => ({
    ...{ _id: directConversationId('ann', `u${i}`), kind: 'direct', members: ['ann', `u${i}`] },
    ...{ headSeq: 1, updatedAt: new Date(Date.now() + 60_000) },
  }))
  await cluster.db.collection<{ _id: string }>('conversations').insertMany(newer)
  t.equal(ids(await search(ann, 'quick', inOne)).length, 2, 'one that is named, however old')
  await ann.send('delete_message', { messageId: first._id })
  t.same(ids(await search(bob, 'brown')), [], 'not what was deleted')
  t.equal((await bob.http('/message/search?q=x')).status, 400)
  t.equal((await bob.http('/message/search?q[$ne]=xx')).status, 400)
})
