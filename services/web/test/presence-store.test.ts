import type { EarshotClient } from '@earshot/client'
import t from 'tap'
import { PresenceStore } from '../src/features/people/presence-store.ts'

/** A client whose connection and answers a test decides. */
function fakeClient() {
  const asked: string[][] = []
  const waiting: (() => void)[] = []
  const fake = {
    connected: false,
    isOnline: true,
    watched: [] as string[],
    asked,
    /** Resolves with the next question. */
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    on: () => () => undefined,
    watch: (userIds: string[]) => {
      fake.watched.push(...userIds)
      return () => undefined
    },
    http: {
      lastSeenMany: async (userIds: string[]) => {
        asked.push(userIds)
        queueMicrotask(() => {
          for (const resolve of waiting.splice(0)) setImmediate(resolve)
        })
        return userIds.map((_id) => ({ _id, name: _id, isOnline: fake.isOnline, lastSeen: null }))
      },
    },
  }
  return fake
}

const storeOf = (fake: ReturnType<typeof fakeClient>) => new PresenceStore(fake as unknown as EarshotClient)

t.test(
  'without a connection all on the screen are asked about in one request, at the chosen interval',
  async (t) => {
    const client = fakeClient()
    const store = storeOf(client)
    const stops = [store.watch(['ann', 'bob'], { pollMs: 10 }), store.watch(['bob', 'cleo'], { pollMs: 10 })]
    await client.nextAsked()
    t.same(client.asked[0], ['ann', 'bob', 'cleo'])
    t.equal(store.statuses.get().ann?.isOnline, true)
    client.isOnline = false
    await client.nextAsked()
    t.equal(store.statuses.get().ann?.isOnline, false, 'and again')
    for (const stop of stops) stop()
  },
)

t.test(
  'where events are off one is asked about with a connection too, at once, and not subscribed to',
  async (t) => {
    const client = fakeClient()
    client.connected = true
    const store = storeOf(client)
    const stopTold = store.watch(['ann'], { pollMs: 10 })
    const stop = store.watch(['bob'], { pollMs: 10, events: false })
    await client.nextAsked()
    await client.nextAsked()
    t.same(client.asked, [['bob'], ['bob']])
    t.same(client.watched, ['ann'])
    t.equal(store.statuses.get().bob?.isOnline, true)
    stop()
    stopTold()
  },
)
