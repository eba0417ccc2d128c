import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Tokens } from '@earshot/core/accounts/tokens'
import type { UserStore } from '@earshot/core/accounts/user-store'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import type { LeaseHolder } from '@earshot/core/presence/lease-holder'
import type { Realtime } from '@earshot/realtime'
import { Server } from 'socket.io'
import t from 'tap'
import { WebSocket } from 'ws'
import { Connections } from '../src/realtime/connections.ts'
import type { GroupRooms } from '../src/realtime/group-rooms.ts'
import type { PresenceWatch } from '../src/realtime/presence-watch.ts'
import type { EventRouter } from '../src/realtime/router.ts'

t.test(
  'a connection that is entered and left over and over holds no more than after the first time',
  async (t) => {
    const http = createServer()
    const io = new Server(http)
    t.teardown(() => io.close())
    const idle = () => undefined
    const nothing = async () => undefined
    const alive: string[] = []
    const connections = new Connections({
      realtime: { io } as unknown as Realtime,
      tokens: { verify: async () => ({ userId: 'ann', name: 'Ann' }) } as unknown as Tokens,
      users: { ensure: async () => 'Ann' } as unknown as UserStore,
      groupRooms: { admit: nothing, connected: idle } as unknown as GroupRooms,
      presenceWatch: { admit: nothing, connected: idle } as unknown as PresenceWatch,
      leases: {
        take: async () => 'taken',
        giveBack: nothing,
        alive: (id: string) => alive.push(id),
      } as unknown as LeaseHolder,
      metrics: { sockets: { inc: idle, dec: idle } } as unknown as Metrics,
      log: { info: idle, warn: idle } as unknown as Logger,
    })
    const conns: { listenerCount: (event: string) => number; eventNames: () => string[] }[] = []
    io.engine.on('connection', (conn: (typeof conns)[number]) => conns.push(conn))
    connections.listen({ attach: idle } as unknown as EventRouter)
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const { port } = http.address() as AddressInfo
    const bare = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    t.teardown(() => bare.terminate())
    await once(bare, 'message')
    const [conn] = conns
    const listeners = () => conn?.eventNames().map((event) => [event, conn.listenerCount(event)])
    const enter = async () => {
      bare.send('40{"token":"any"}')
      const [answer] = (await once(bare, 'message')) as [Buffer]
      t.match(answer.toString(), /^40\{"sid":/)
    }
    await enter()
    const first = listeners()
    for (let i = 0; i < 50; i++) {
      const [socket] = io.sockets.sockets.values()
      const left = new Promise((resolve) => socket?.once('disconnect', resolve))
      bare.send('41')
      await left
      await enter()
    }
    t.same(listeners(), first)
    const ids = [...io.sockets.sockets.keys()]
    alive.length = 0
    const heard = new Promise<void>((resolve) => io.sockets.sockets.get(ids[0] ?? '')?.once('x', resolve))
    bare.send('42["x"]')
    await heard
    t.same(alive, ids, 'each packet is a sign of life of the socket that is there')
  },
)
