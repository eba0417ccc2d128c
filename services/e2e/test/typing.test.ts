import type { Group } from '@earshot/protocol'
import t from 'tap'
import { startCluster } from '../src/cluster.ts'

t.test('the node of one who types is killed: the others are told that it ended', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const doomed = await cluster.addProcess('gateway')
  const bob = await cluster.connect('bob', 0)
  const carl = await cluster.connect('carl', 1)
  const dora = await cluster.connect('dora', 1)
  const ann = await cluster.connectTo(doomed, 'ann')
  ann.socket.io.reconnection(false)
  const created = await ann.http('/group', {
    method: 'POST',
    json: { name: 'G', members: ['bob', 'carl', 'dora'] },
  })
  const { _id: groupId } = (await created.json()) as Group
  for (const member of [bob, carl, dora]) await member.send('sync', { conversations: { [groupId]: 0 } })

  await ann.send('typing', { recipientId: 'bob', isTyping: true })
  await ann.send('typing', { groupId, isTyping: true, activity: 'voice' })
  const inGroup = (isTyping: boolean) => (status: { conversationId: string; isTyping: boolean }) =>
    status.conversationId === groupId && status.isTyping === isTyping
  const direct = await bob.hears('user_typing', ({ conversationId }) => conversationId !== groupId)
  await Promise.all([bob, carl, dora].map((member) => member.hears('user_typing', inGroup(true))))
  await doomed.kill('SIGKILL')
  t.equal((await bob.http(`/group/${groupId}/members/dora`, { method: 'DELETE' })).status, 403)
  t.equal((await dora.http(`/group/${groupId}/members/dora`, { method: 'DELETE' })).status, 204)

  const ended = { userId: 'ann', name: 'Name of ann', isTyping: false }
  t.match(await bob.hears('user_typing', inGroup(false)), { ...ended, activity: 'voice' })
  t.match(await carl.hears('user_typing', inGroup(false)), { ...ended, activity: 'voice' })
  const { conversationId } = direct
  const isEnd = (status: { conversationId: string; isTyping: boolean }) =>
    status.conversationId === conversationId && !status.isTyping
  t.match(await bob.hears('user_typing', isEnd), { ...ended, activity: 'text' })
  await dora.barrier()
  t.same(dora.heardOf('user_typing').filter(inGroup(false)), [], 'who has left hears nothing more')
})

t.test('the end is told once, and not while it goes on', async (t) => {
  const cluster = await startCluster(t, { workers: 0 })
  const ann = await cluster.connect('ann', 0)
  const bob = await cluster.connect('bob', 1)
  await ann.send('typing', { recipientId: 'bob', isTyping: true })
  await bob.hears('user_typing', ({ isTyping }) => isTyping)
  await bob.hears('user_typing', ({ isTyping }) => !isTyping)
  await ann.send('typing', { recipientId: 'bob', isTyping: true })
  await ann.send('typing', { recipientId: 'bob', isTyping: false })
  await bob.barrier()
  t.same(
    bob.heardOf('user_typing').map(({ isTyping }) => isTyping),
    [true, false, true, false],
  )
})
