import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createShardedAdapter } from '@socket.io/redis-adapter'
import { Redis, type RedisOptions } from 'ioredis'
import { jwtVerify } from 'jose'
import { Server, type Socket } from 'socket.io'
import { required } from './env.ts'

export interface User {
  userId: string
  name: string
}

export type Io = Server<Events, Events, Record<string, never>, User>
export type UserSocket = Socket<Events, Events, Record<string, never>, User>
type Events = Record<string, (...args: never[]) => void>
export type Ack = (answer: object) => void

/** What a client sends; no more than this is looked at. */
export interface Sent {
  recipientId: string
  content?: string
  clientMessageId?: string
  voiceMessage?: object
}

export interface GroupSent {
  groupId: string
  content: string
  clientMessageId?: string
}

export const userRoom = (userId: string) => `user:${userId}`
export const groupRoom = (groupId: string) => `group_${groupId}`

/**
 * One node of a comparison program: Socket.IO with the same adapter, the same kinds of connection to Redis and the same
 * verification of tokens as the gateway has. Who connects is in the user's room, and in those of the groups that it names: there is
 * no storage that would know better.
 * @param serve is given every socket that was let in
 */
export async function startNode(serve: (io: Io, socket: UserSocket) => void): Promise<void> {
  const publisher = redis({ enableOfflineQueue: false, maxRetriesPerRequest: 1 })
  const subscriber = redis({ maxRetriesPerRequest: null })
  await Promise.all([publisher.connect(), subscriber.connect()])

  const http = createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? 200 : 404).end()
  })
  const io: Io = new Server(http, {
    adapter: createShardedAdapter(publisher, subscriber, { subscriptionMode: 'dynamic' }),
    maxHttpBufferSize: 8_000_000,
    pingInterval: Number(process.env.PING_INTERVAL_MS ?? 15_000),
    pingTimeout: Number(process.env.PING_TIMEOUT_MS ?? 10_000),
  })
  const secret = createSecretKey(Buffer.from(required('JWT_SECRET')))
  io.use((socket, next) => {
    admit(socket, secret).then(
      () => next(),
      () => next(new Error('UNAUTHENTICATED')),
    )
  })
  io.on('connection', (socket) => serve(io, socket))

  http.listen(Number(required('PORT')), process.env.HOST)
  await once(http, 'listening')
  await once(process, 'SIGTERM')
  await io.close()
  process.exit()
}

async function admit(socket: UserSocket, secret: ReturnType<typeof createSecretKey>): Promise<void> {
  const { token, groupIds = [] } = socket.handshake.auth as { token: string; groupIds?: string[] }
  const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] })
  const userId = String(payload.sub)
  socket.data = { userId, name: String(payload.name ?? userId) }
  await socket.join([userRoom(userId), ...groupIds.map(groupRoom)])
}

function redis(options: RedisOptions): Redis {
  return new Redis(required('REDIS_URL'), { ...options, lazyConnect: true, replyMapping: 'legacy' })
}
