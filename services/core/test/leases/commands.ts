import assert from 'node:assert/strict'
import fc, { type AsyncCommand } from 'fast-check'
import { type Change, hours, lengths } from './model.ts'
import { type Scene, userIds } from './scene.ts'
import type { World } from './world.ts'

interface Command extends AsyncCommand<Scene, World> {
  check(scene: Scene): boolean
  /** What it does, without the comparison after. */
  act(scene: Scene, world: World): Promise<void>
}

/** One step of a story: done to the stores and to the model, then both are compared. */
function command(
  name: string,
  act: (scene: Scene, world: World) => Promise<void>,
  isPossible: (scene: Scene) => boolean = () => true,
): Command {
  return {
    check: isPossible,
    act,
    async run(scene, world) {
      await act(scene, world)
      await scene.compare(world)
    },
    toString: () => name,
  }
}

/** @param isTold false: the node died before it could tell */
const connect = (userId: string, node: number, isTold: boolean): Command =>
  command(`${userId} connects to ${node}${isTold ? '' : ', untold'}`, async (scene, world) => {
    const connectionId = scene.newConnection()
    const now = await world.now()
    const expected = scene.model.acquire(now, scene.name(node), userId, connectionId)
    const { isFull, change } = await world.store.acquire(scene.name(node), { userId, connectionId })
    assert.equal(isFull, expected === 'full')
    if (expected === 'full') return
    scene.nodes[node]?.set(connectionId, { userId, aliveAt: now })
    scene.happened(change && world.virtual(change), expected, isTold)
  })

const graces = { clean: 0, lost: lengths.grace, 'lost for long': lengths.longGrace }

const disconnect = (node: number, which: number, how: keyof typeof graces, isTold: boolean): Command =>
  command(
    `one of ${node} (${which}) is ${how}${isTold ? '' : ', untold'}`,
    async (scene, world) => {
      const [connectionId, { userId, aliveAt: lastSign }] = pick(scene, node, which)
      scene.nodes[node]?.delete(connectionId)
      const now = await world.now()
      const aliveAt = how === 'clean' ? now : lastSign
      const grace = graces[how]
      const expected = scene.model.release(now, userId, connectionId, { aliveAt, grace })
      const state = await world.store.release({ userId, connectionId }, now - aliveAt, grace)
      scene.happened(state && world.virtual(state), expected, isTold)
    },
    (scene) => (scene.nodes[node]?.size ?? 0) > 0,
  )

const alive = (node: number, which: number): Command =>
  command(
    `one of ${node} (${which}) is heard`,
    async (scene, world) => {
      pick(scene, node, which)[1].aliveAt = await world.now()
    },
    (scene) => (scene.nodes[node]?.size ?? 0) > 0,
  )

/** A node renews all it holds, and takes again what is gone. */
export const renew = (node: number): Command =>
  command(`${node} renews`, async (scene, world) => {
    const held = scene.nodes[node] ?? new Map()
    const now = await world.now()
    const name = scene.name(node)
    const leases = [...held].map(([connectionId, { userId, aliveAt }]) => ({ connectionId, userId, aliveAt }))
    const gone = scene.model.renew(now, name, leases)
    const news = leases.map(({ aliveAt, userId }) => ({ userId, silentMs: now - aliveAt }))
    const [isSame] = await world.store.renew(name, [{ shard: 0, held: leases.length, news }])
    assert.equal(isSame, gone.length === 0, 'whether all are there')
    const found = await world.store.leasesOf(name, 0)
    const lost = leases.filter(({ connectionId }) => !found.has(connectionId))
    assert.deepEqual(lost, gone, 'which leases are gone')
    assert.equal(found.size, leases.length - lost.length, 'none that the node does not hold')
    for (const lease of lost) {
      const expected = scene.model.acquire(now, name, lease.userId, lease.connectionId)
      const { isFull, change } = await world.store.acquire(name, lease)
      assert.equal(isFull, expected === 'full')
      if (expected !== 'full') scene.happened(change && world.virtual(change), expected)
    }
  })

const kill = (node: number): Command => command(`${node} is killed`, async (scene) => scene.killed(node))

/** The worker: ends leases, and tells what nobody told. */
export const sweep: Command = command('sweep', async (scene, world) => {
  const expected = scene.model.sweep(await world.now())
  const { gone, untold, memory } = await world.upkeep.sweep(0, 100, false)
  assert.deepEqual(gone.map(({ userId }) => userId).sort(), expected.map(({ userId }) => userId).sort())
  for (const state of gone) {
    const change = expected.find(({ userId }) => userId === state.userId)
    scene.happened(world.virtual(state), change)
  }
  assert.equal(memory !== undefined, scene.model.isMemoryWhole(await world.now()))
  for (const change of untold) {
    if (!scene.untold.delete(change.userId)) continue
    const lastSeen = change.lastSeen && world.virtual({ lastSeen: change.lastSeen }).lastSeen
    const stored = world.written.get(change.userId)?.lastSeen
    scene.hear({ ...change, lastSeen: lastSeen ?? stored ?? Number.NaN })
  }
  await world.store.told(untold)
})

export const flush: Command = command('flush', async (scene, world) => {
  scene.model.flush()
  const later = scene.model.learn()
  scene.allHappened(await world.flush(), later)
})

/** The worker dies after MongoDB took all states and before Redis is told so. */
const dyingFlush: Command = command(
  'flush dies',
  async (scene, world) => {
    const left = new Map(scene.model.unwritten)
    scene.model.flush()
    for (const [userId, state] of left) scene.model.unwritten.set(userId, state)
    const died = new Error('the worker died')
    await assert.rejects(
      world.flush(() => Promise.reject(died)),
      died,
    )
  },
  (scene) => scene.model.unwritten.size > 0,
)

/** Much happens after MongoDB took all states and before Redis is told so. */
const overtakenFlush = (meanwhile: Command[]): Command =>
  command(
    `flush, meanwhile ${meanwhile.join(' and ')}`,
    async (scene, world) => {
      scene.model.flush()
      let later: Change[] = []
      const told = await world.flush(async () => {
        for (const step of meanwhile) if (step.check(scene)) await step.act(scene, world)
        later = scene.model.learn()
      })
      scene.allHappened(told, later)
    },
    (scene) => scene.model.unwritten.size > 0,
  )

/** A while after: see `outbox.ts`. */
const note: Command = command('nodes note what they told', async (scene, world) => {
  await world.tick()
  await world.store.told(scene.toNote.splice(0))
})

const checkpoint = command('checkpoint', async (scene, world) => {
  scene.model.checkpoint()
  await world.checkpoint()
})

/** Only asked for when all that is alive had its time to come back. */
export const reconcile: Command = command('reconcile', async (scene, world) => {
  if (!scene.model.isMemoryWhole(await world.now())) return
  const expected = scene.model.reconcile()
  scene.allHappened(await world.reconcile(), expected)
})

const wipe = command('Redis is wiped', async (scene, world) => {
  scene.wiped()
  await world.wipe()
  await world.tick()
})

export const pass = (steps: number): Command =>
  command(`${(steps * 0.7).toFixed(1)} h pass`, async (_, world) => world.pass(steps * hours(0.7)))

/** Long enough for every lease that nobody renews to end. */
const quietTime = command('16 h pass with sweeps', (scene, world) => passSwept(scene, world, 4))

/** Leases are over, and the sweep that ends them is the next. */
const standstill = command('12 h pass with sweeps', (scene, world) => passSwept(scene, world, 3))

async function passSwept(scene: Scene, world: World, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await sweep.act(scene, world)
    await pass(6).act(scene, world)
  }
}

const node = fc.nat({ max: 1 })
const which = fc.nat({ max: 5 })
const told = fc.boolean()

const comes = fc.tuple(fc.constantFrom(...userIds), node, told).map((args) => connect(...args))
const goes = fc
  .tuple(node, which, fc.constantFrom('clean', 'lost', 'lost for long'), told)
  .map((args) => disconnect(...args))
const heard = fc.tuple(node, which).map((args) => alive(...args))

/** Coming and going is what most is about. */
export const anyCommand: fc.Arbitrary<Command>[] = [
  comes,
  comes,
  comes,
  goes,
  goes,
  goes,
  heard,
  node.map(renew),
  node.map(kill),
  fc.constant(sweep),
  fc.oneof(
    fc.constantFrom(flush, dyingFlush),
    fc
      .array(fc.oneof(comes, goes, heard, fc.constant(sweep)), { minLength: 1, maxLength: 4 })
      .map(overtakenFlush),
  ),
  fc.constantFrom(checkpoint, note),
  fc.constantFrom(quietTime, standstill, reconcile),
  fc.constant(wipe),
  fc.integer({ min: 1, max: 20 }).map(pass),
]

/** Stories that once ended badly, and are seldom met. */
export const knownStories: Record<string, Command[]> = {
  'a sign of life is learnt of between two steps of a flush': [
    connect('bob', 0, true),
    flush,
    standstill,
    connect('ann', 1, true),
    overtakenFlush([sweep, alive(0, 0), disconnect(0, 0, 'clean', true)]),
  ],
}

function pick(scene: Scene, node: number, which: number) {
  const held = [...(scene.nodes[node] ?? [])]
  const found = held[which % held.length]
  if (!found) throw new RangeError('the node holds nothing')
  return found
}
