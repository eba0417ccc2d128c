import { randomUUID } from 'node:crypto'
import { type Ack, type GroupSent, groupRoom, type Sent, startNode, userRoom } from './node.ts'

/** What it costs to deliver and acknowledge, and nothing else: a message is in no store, and gone with who does not hear it. */
await startNode((io, socket) => {
  const { userId, name } = socket.data

  socket.on('message', ({ recipientId, content, clientMessageId }: Sent, ack: Ack) => {
    const message = {
      _id: randomUUID(),
      clientMessageId,
      sender: { _id: userId, name },
      recipientId,
      messageType: 'text',
      content,
      createdAt: new Date().toISOString(),
    }
    io.to(userRoom(recipientId)).emit('new_message', message as never)
    ack({ ok: true, _id: message._id, createdAt: message.createdAt })
  })

  socket.on('group_message', ({ groupId, content, clientMessageId }: GroupSent, ack: Ack) => {
    const message = {
      _id: randomUUID(),
      clientMessageId,
      sender: { _id: userId, name },
      groupId,
      messageType: 'text',
      content,
      createdAt: new Date().toISOString(),
    }
    io.to(groupRoom(groupId)).emit('new_group_message', message as never)
    ack({ ok: true, _id: message._id, createdAt: message.createdAt })
  })
})
