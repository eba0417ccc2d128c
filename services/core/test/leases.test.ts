import { randomBytes } from 'node:crypto'
import fc, { type AsyncCommand } from 'fast-check'
import { Redis } from 'ioredis'
import t from 'tap'
import { anyCommand, flush, knownStories, pass, reconcile, renew, sweep } from './leases/commands.ts'
import { assertSameTime, Scene, userIds } from './leases/scene.ts'
import { World } from './leases/world.ts'

const url = process.env.TEST_REDIS_URL
if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by make test')
const redis = new Redis(url, { replyMapping: 'legacy' })
t.teardown(() => redis.disconnect())

t.test('any story: Redis, MongoDB and clients know what happened, and in the end the truth', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 60, size: 'max' }), (commands) => tell(commands)),
    { numRuns: Number(process.env.TEST_PROPERTY_RUNS ?? 150) },
  )
  t.pass()
})

for (const [name, commands] of Object.entries(knownStories)) {
  t.test(`a story: ${name}`, async (t) => {
    await tell(commands)
    t.pass()
  })
}

async function tell(commands: Iterable<AsyncCommand<Scene, World>>): Promise<void> {
  const scene = new Scene()
  const world = new World(redis, `t${randomBytes(6).toString('hex')}`)
  try {
    await fc.asyncModelRun(() => ({ model: scene, real: world }), commands)
    await settle(scene, world)
  } finally {
    await world.wipe()
  }
  const connected = new Set(scene.nodes.flatMap((held) => [...held.values()].map(({ userId }) => userId)))
  for (const userId of userIds) {
    const told = scene.told.get(userId)
    const written = world.written.get(userId)
    for (const state of [told, written]) {
      if (state && state.isOnline !== connected.has(userId)) {
        const truth = connected.has(userId) ? 'on' : 'off'
        throw new Error(`${userId} is ${truth}line; ${JSON.stringify([told, written])}`)
      }
    }
    const isKnown = told && written && !scene.forgotten.has(userId)
    if (isKnown && !told.isOnline) assertSameTime(told.lastSeen, written.lastSeen)
  }
}

/** The nodes that live renew, the worker works, and enough time passes for both. */
async function settle(scene: Scene, world: World): Promise<void> {
  const steps = [renew(0), renew(1), sweep, flush, reconcile, pass(7)]
  for (let round = 0; round < 6; round++) {
    for (const step of steps) await step.run(scene, world)
    await world.tick()
  }
}
