import { createLogger } from '@earshot/core/observability/logger'
import { createMetrics } from '@earshot/core/observability/metrics'
import { PresenceKeys } from '@earshot/core/presence/keys'
import { LeaseHolder } from '@earshot/core/presence/lease-holder'
import type { Lease, LeaseStore, Renewal } from '@earshot/core/presence/lease-store'
import t, { type Test } from 'tap'

const shards = 64

/** Notes which shards are renewed, and which of them in one message; between two messages so many of each shard are heard. */
async function scene(t: Test, perShard: number) {
  const keys = new PresenceKeys('t', shards)
  const messages: number[][] = []
  let enough: () => void = () => undefined
  const renew = async (_node: string, renewals: Renewal[]) => {
    messages.push(renewals.map(({ shard }) => shard))
    hear()
    if (messages.flat().length >= 3 * shards) enough()
    return renewals.map(() => true)
  }
  const acquire = async () => ({ isFull: false, wasSpared: false })
  const holder = new LeaseHolder({
    store: { keys, renew, acquire } as unknown as LeaseStore,
    options: { leaseMs: 60_000, renewMs: 640, graceMs: 0, renewBatch: 40 },
    onChange: () => undefined,
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
    metrics: createMetrics({ role: 'test', node: 'test' }),
  })
  const connections: string[] = []
  const hear = () => {
    for (const connectionId of connections) holder.alive(connectionId)
  }
  const held = new Map<number, number>()
  for (let i = 0; [...held.values()].filter((n) => n === perShard).length < shards; i++) {
    const lease: Lease = { userId: `user-${i}`, connectionId: `c-${i}` }
    const shard = keys.shardOf(lease.userId)
    const count = held.get(shard) ?? 0
    if (count === perShard) continue
    held.set(shard, count + 1)
    await holder.take(lease)
    connections.push(lease.connectionId)
  }
  hear()
  t.teardown(() => holder.stop())
  await new Promise<void>((resolve) => {
    enough = resolve
    holder.start()
  })
  holder.stop()
  return messages
}

t.test('shards are renewed in turn, those of which there is little to say together', async (t) => {
  const messages = await scene(t, 5)
  const order = messages.flat()
  t.same(
    order,
    order.map((_, i) => i % shards),
    'none is left out, none comes before its turn',
  )
  t.ok(
    messages.every((some) => some.length <= 8),
    'an eighth of all at most, so that renewals stay spread',
  )
  t.ok(messages.some((some) => some.length === 8))
})

t.test('a shard of which there is much to say is renewed alone', async (t) => {
  const messages = await scene(t, 30)
  t.ok(messages.every((some) => some.length === 1))
})

t.test('what was sent to a node that stood still says nothing of when', async (t) => {
  const silences: number[] = []
  const store = {
    keys: new PresenceKeys('t', 1),
    acquire: async () => ({ isFull: false, wasSpared: false }),
    renew: async (_node: string, renewals: Renewal[]) => renewals.map(() => true),
    release: async (_lease: Lease, silentMs: number) => {
      silences.push(silentMs)
    },
  }
  const leaseMs = 200
  const holder = new LeaseHolder({
    store: store as unknown as LeaseStore,
    options: { leaseMs, renewMs: 20, graceMs: 0 },
    onChange: () => undefined,
    log: createLogger({ level: 'silent', role: 'gateway', nodeId: 'test' }),
    metrics: createMetrics({ role: 'test', node: 'test' }),
  })
  t.teardown(() => holder.stop())
  await holder.take({ userId: 'ann', connectionId: 'leaves' })
  await holder.take({ userId: 'bob', connectionId: 'is lost' })
  holder.start()
  // The whole process, and no timer comes first when it goes on: what waits in its sockets does.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leaseMs)
  holder.alive('is lost')
  // What was about to be read before is done with; now what came meanwhile is read.
  await new Promise((resolve) => setImmediate(resolve))
  holder.alive('leaves')
  await Promise.all([holder.giveBack('leaves', 'clean'), holder.giveBack('is lost', 'lost')])
  t.ok(
    silences.every((silentMs) => silentMs >= leaseMs),
    'they were last heard before',
  )
})
