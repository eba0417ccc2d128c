import type { Logger } from '@earshot/core/observability/logger'
import type { PresenceReader } from '@earshot/core/presence/presence-reader'
import type { Visibility } from '@earshot/core/visibility/visibility'
import { defaultLimits } from '@earshot/protocol'
import type { RealtimeSocket, Subscriptions } from '@earshot/realtime'
import t from 'tap'
import type { PresenceSockets } from '../src/realtime/presence-sockets.ts'
import { PresenceWatch } from '../src/realtime/presence-watch.ts'

const idle = () => undefined
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Two who watch bob, whom they do not see yet. What is looked up of `slow` is answered by hand. */
function scene() {
  const held = { look: [] as (() => void)[], read: [] as (() => void)[] }
  const looks: string[] = []
  const reads: string[] = []
  const told: string[] = []
  const socketOf = (userId: string) => {
    const emit = () => told.push(userId)
    return { id: userId, connected: true, data: { userId }, emit } as unknown as RealtimeSocket
  }
  const [slow, quick] = [socketOf('slow'), socketOf('quick')]
  const heard = new Set<RealtimeSocket>()
  const sockets = {
    all: () => [slow, quick],
    of: () => [],
    watchersOf: () => [slow, quick],
    watchedBy: () => ['bob'],
    headcountsOf: () => [],
    isChoosy: () => true,
    beChoosy: idle,
    place: idle,
    watches: () => true,
    hears: (socket: RealtimeSocket) => heard.has(socket),
    watch(socket: RealtimeSocket, _: string[], seen: Set<string>) {
      if (seen.size > 0) heard.add(socket)
      else heard.delete(socket)
    },
  }
  const visibility = {
    generation: 0,
    rulesNow: () => undefined,
    seesNow: () => undefined,
    rulesOf: async () => ({ lastSeen: 'everyone', except: new Set(), version: 0 }),
    async seenAmong(userId: string) {
      looks.push(userId)
      if (userId === 'slow') await new Promise<void>((answer) => held.look.push(answer))
      return new Set(['bob'])
    },
  }
  const status = { userId: 'bob', isOnline: true, lastSeen: null, version: 1 }
  const reader = {
    async statuses(userId: string) {
      reads.push(userId)
      if (userId === 'slow') await new Promise<void>((answer) => held.read.push(answer))
      return [status]
    },
    shown: async () => new Map([['bob', status]]),
  }
  const watch = new PresenceWatch({
    sockets: sockets as unknown as PresenceSockets,
    subscriptions: { settled: async () => undefined } as unknown as Subscriptions,
    visibility: visibility as unknown as Visibility,
    reader: reader as unknown as PresenceReader,
    limits: defaultLimits,
    broadcasts: false,
    log: { warn: (what: unknown) => t.fail(String(what)) } as unknown as Logger,
  })
  const answer = (what: 'look' | 'read') => held[what].shift()?.()
  return { watch, slow, quick, looks, reads, told, answer }
}

const rules = { lastSeen: 'everyone' as const, except: [], blocked: [], version: 1 }
const shown = { userId: 'bob', version: 1, rules }

t.test(
  'what is read for one subscription keeps no other of its socket, and no change, waiting',
  async (t) => {
    const { watch, slow, reads, told, answer } = scene()
    const asks = [1, 2, 3].map(() => watch.watch(slow, ['bob']))
    for (let i = 0; i < 3; i++) {
      await turn()
      answer('look')
    }
    await turn()
    t.same(reads, ['slow', 'slow', 'slow'], 'read side by side')
    watch.follow(shown)
    await turn()
    answer('look')
    await turn()
    t.same(told, ['quick', 'slow'])
    for (let i = 0; i < 3; i++) answer('read')
    t.equal((await Promise.all(asks)).length, 3)
  },
)

t.test('one socket of which much is looked up keeps no other from hearing of a change', async (t) => {
  const { watch, told, answer } = scene()
  watch.follow(shown)
  await turn()
  t.same(told, ['quick'])
  answer('look')
  await turn()
  t.same(told, ['quick', 'slow'])
})

t.test('nothing is looked up for a socket that is gone', async (t) => {
  const { watch, slow, looks, reads, answer } = scene()
  const asks = [1, 2, 3].map(() => watch.watch(slow, ['bob']))
  await turn()
  Object.assign(slow, { connected: false })
  answer('look')
  await Promise.all(asks)
  t.same(looks, ['slow'])
  t.same(reads, [])
})
