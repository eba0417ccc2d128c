import { setTimeout as wait } from 'node:timers/promises'
import { loadConfig } from '@earshot/core/config/load'
import type { UserStatus } from '@earshot/protocol'
import { io, type Socket } from 'socket.io-client'
import type { Row, Table } from '../lib/row.ts'
import { Servers } from '../lib/servers.ts'
import { count } from '../lib/settings.ts'
import { median } from '../lib/stats.ts'
import { oldestStored } from '../lib/stored-last-seen.ts'
import { mintToken } from '../lib/token.ts'

/** Where nothing happens but that somebody watches, and where it happens. */
const calm = 0
const doomed = 1
/** Longer than `PRESENCE_RENEW_MS`. */
const settleMs = 7_500

interface Goodbye {
  /** From going to being heard of, milliseconds. */
  seenAfterMs: number
  /** How much earlier than they went, as clients are told. */
  behindMs: number
}

/** How late the truth about people who go can be, with the settings as they are by default. */
export const presenceTimes: Row = {
  name: 'presence-times',
  asks: 'How long does somebody seem to be there who is gone, and how old is their lastSeen then?',
  async run(box) {
    const people = count('PEOPLE', 200)
    const servers = await Servers.start(box, { nodes: 2 })
    const sockets: Socket[] = []
    try {
      const group = async (name: string) => {
        const userIds = Array.from({ length: people }, (_, i) => `${name}-${i}`)
        const made = await Promise.all(userIds.map((userId) => connect(servers, userId, doomed)))
        sockets.push(...made)
        return made.map((socket, i) => ({ socket, userId: userIds[i] ?? '' }))
      }
      const watcher = await connect(servers, 'watcher', calm)
      sockets.push(watcher)
      const staying = Array.from({ length: people }, (_, i) => `stays-${i}`)
      sockets.push(...(await Promise.all(staying.map((userId) => connect(servers, userId, calm)))))
      const cameAt = performance.now()
      const measure = async (what: string, go: (of: { socket: Socket }[]) => Promise<void>) => {
        const going = await group(what.replaceAll(' ', '-'))
        // By now each lease is somewhere between two renewals.
        await wait(settleMs)
        return box.reporter.step(what, () => goodbyes(watcher, going, () => go(going)))
      }
      const { coalesce, grace, sweep, lease, renew, ping } = defaults(servers)
      const rows = [
        {
          what: 'clean leave',
          boundMs: coalesce,
          behindMs: 0,
          found: await measure('clean leave', async (going) => {
            for (const { socket } of going) socket.disconnect()
          }),
        },
        {
          what: 'lost connection',
          boundMs: grace + sweep + coalesce,
          behindMs: ping,
          found: await measure('lost connection', async (going) => {
            for (const { socket } of going) socket.io.engine.close()
          }),
        },
        {
          what: 'killed node',
          boundMs: lease + sweep + coalesce,
          behindMs: renew * (1 + 1 / 8),
          found: await measure('killed node', () => servers.kill(doomed)),
        },
      ]
      const { checkpoint } = defaults(servers)
      const oldest = await box.reporter.step('lastSeen in MongoDB of who stays', async () => {
        await wait(Math.max(0, cameAt + checkpoint + ping - performance.now()))
        return oldestStored(servers, staying, checkpoint)
      })
      return tableOf(rows, people, { oldestMs: oldest, boundMs: checkpoint * (1 + 1 / 12) + ping + renew })
    } finally {
      for (const socket of sockets) socket.disconnect()
      await servers.stop()
    }
  },
}

async function connect(servers: Servers, userId: string, node: number): Promise<Socket> {
  const socket = io(servers.url(node), {
    auth: { token: mintToken(servers.jwtSecret, userId) },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  await socket.timeout(60_000).emitWithAck('user_online', userId)
  return socket
}

/** Lets them go, and resolves when the watcher has heard of all. */
async function goodbyes(
  watcher: Socket,
  going: { userId: string }[],
  go: () => Promise<void>,
): Promise<Goodbye[]> {
  const userIds = going.map(({ userId }) => userId)
  await watcher.timeout(60_000).emitWithAck('presence_subscribe', { userIds })
  const expected = new Set(userIds)
  const found: Goodbye[] = []
  const all = Promise.withResolvers<void>()
  // The clocks of clients and Redis are one here: all run on one machine.
  const goneAt = Date.now()
  const hear = ({ userId, isOnline, lastSeen }: UserStatus) => {
    if (isOnline || !expected.delete(userId)) return
    found.push({ seenAfterMs: Date.now() - goneAt, behindMs: goneAt - Date.parse(lastSeen ?? '') })
    if (expected.size === 0) all.resolve()
  }
  watcher.on('user_status_changed', hear)
  await go()
  await all.promise
  watcher.off('user_status_changed', hear)
  return found
}

/** The settings as they are by default, milliseconds. */
function defaults({ redisUrl, jwtSecret }: Servers) {
  const config = loadConfig({
    REDIS_URL: redisUrl,
    MONGODB_URI: 'mongodb://localhost/x',
    JWT_SECRET: jwtSecret,
  })
  return {
    coalesce: config.PRESENCE_COALESCE_MS,
    grace: config.PRESENCE_GRACE_MS,
    sweep: config.PRESENCE_SWEEP_MS,
    lease: config.PRESENCE_LEASE_MS,
    renew: config.PRESENCE_RENEW_MS,
    ping: config.PING_INTERVAL_MS,
    checkpoint: config.PRESENCE_CHECKPOINT_MS,
  }
}

interface Times {
  what: string
  /** What docs/presence.md promises of when it is told, and of how old lastSeen is. */
  boundMs: number
  behindMs: number
  found: Goodbye[]
}

function tableOf(rows: Times[], people: number, stored: { oldestMs: number; boundMs: number }): Table {
  const s = (ms: number) => `${(ms / 1_000).toFixed(2)} s`
  return {
    heading: [
      'gone by',
      'told after (median)',
      'at most',
      'bound',
      'ratio',
      'lastSeen behind by at most',
      'bound',
    ],
    lines: rows.map(({ what, boundMs, behindMs, found }) => {
      const after = found.map(({ seenAfterMs }) => seenAfterMs)
      const most = Math.max(...after)
      const behind = Math.max(0, ...found.map((goodbye) => goodbye.behindMs))
      return [
        what,
        s(median(after)),
        s(most),
        s(boundMs),
        (most / boundMs).toFixed(2),
        s(behind),
        s(behindMs),
      ]
    }),
    notes: [
      `${people} people each, two nodes, default settings; as one socket on the other node hears it.`,
      `lastSeen in MongoDB of ${people} who stay was ${s(stored.oldestMs)} old at most; bound ${s(stored.boundMs)}.`,
      'The bounds are what the settings add up to; how long processes wait for a busy machine comes on top.',
    ],
  }
}
