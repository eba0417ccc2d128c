import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import t from 'tap'
import { anyCommand, flush, pass, reconcile, renew, sweep } from './leases/commands.ts'
import { Scene, userIds } from './leases/scene.ts'
import { World } from './leases/world.ts'

const url = process.env.TEST_REDIS_URL
if (!url) throw new Error('TEST_REDIS_URL is not set: run the tests by make test')
const redis = new Redis(url, { replyMapping: 'legacy' })
t.teardown(() => redis.disconnect())

t.test('any story: Redis, MongoDB and clients know what happened, and in the end the truth', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.commands(anyCommand, { maxCommands: 60, size: 'max' }), async (commands) => {
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
        const states = [scene.told.get(userId), world.written.get(userId)].filter((state) => state)
        for (const state of states) {
          if (state?.isOnline !== connected.has(userId)) {
            throw new Error(
              `${userId} is ${connected.has(userId) ? 'on' : 'off'}line; ${JSON.stringify(states)}`,
            )
          }
        }
      }
    }),
    { numRuns: Number(process.env.TEST_PROPERTY_RUNS ?? 150) },
  )
  t.pass()
})

/** The nodes that live renew, the worker works, and enough time passes for both. */
async function settle(scene: Scene, world: World): Promise<void> {
  const steps = [renew(0), renew(1), sweep, flush, reconcile, pass(7)]
  for (let round = 0; round < 6; round++) {
    for (const step of steps) await step.run(scene, world)
    await world.tick()
  }
}
