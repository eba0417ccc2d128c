import { MongoClient, ObjectId } from 'mongodb'
import { required } from './env.ts'
import { type Ack, type Io, type Sent, startNode, type User, userRoom } from './node.ts'

/**
 * The system to replace, as its own plan has it: each message is a document of its own, inserted before it is delivered; audio is
 * a `data:` URL in that document and in what the recipient gets; everybody hears of everybody who comes and goes.
 */
interface Message {
  _id: ObjectId
  clientMessageId?: string | undefined
  sender: { _id: string; name: string }
  recipientId: string
  messageType: 'text' | 'voice'
  content?: string | undefined
  voiceMessage?: object | undefined
  createdAt: Date
}

const mongo = new MongoClient(required('MONGODB_URI'), {
  writeConcern: { w: 'majority' },
  ignoreUndefined: true,
})
await mongo.connect()
const messages = mongo.db().collection<Message>('messages')
const users = mongo.db().collection<{ _id: string; name: string; isOnline: boolean; lastSeen: Date }>('users')

/** For what is measured without: as it is in the gateway. */
const tellsEverybody = process.env.PRESENCE_BROADCAST !== 'false'

await startNode((io, socket) => {
  const user = socket.data
  // What existing clients say when they have connected: they are known to be there already.
  socket.on('user_online', (_userId: string, ack: Ack) => ack({ ok: true }))
  survive(setStatus(io, user, true))
  socket.on('disconnect', () => survive(setStatus(io, user, false)))

  const say = async (event: string, message: Message, ack: Ack) => {
    try {
      await messages.insertOne(message)
      io.to(userRoom(message.recipientId)).emit(event, message as never)
      ack({ ok: true, _id: message._id, createdAt: message.createdAt })
    } catch (error) {
      ack({ ok: false, error: { code: 'INTERNAL', message: String(error) } })
    }
  }
  socket.on('message', (sent: Sent, ack: Ack) => {
    void say('new_message', messageOf(user, 'text', sent), ack)
  })
  socket.on('voice_message', (sent: Sent, ack: Ack) => {
    void say('new_voice_message', messageOf(user, 'voice', sent), ack)
  })
})

function messageOf({ userId, name }: User, messageType: Message['messageType'], sent: Sent): Message {
  const { recipientId, content, clientMessageId, voiceMessage } = sent
  return {
    _id: new ObjectId(),
    clientMessageId,
    sender: { _id: userId, name },
    recipientId,
    messageType,
    content,
    voiceMessage,
    createdAt: new Date(),
  }
}

async function setStatus(io: Io, { userId, name }: User, isOnline: boolean): Promise<void> {
  const lastSeen = new Date()
  await users.updateOne({ _id: userId }, { $set: { name, isOnline, lastSeen } }, { upsert: true })
  if (tellsEverybody) io.emit('user_status_changed', { userId, isOnline, lastSeen } as never)
}

/** A status that could not be written is not told; the next one will be. */
function survive(work: Promise<void>): void {
  work.catch((error: unknown) => process.stderr.write(`${error}\n`))
}
