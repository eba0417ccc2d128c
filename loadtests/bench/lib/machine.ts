import { cpus, release, totalmem } from 'node:os'
import { provideMongo } from '../../../infra/tools/mongo.ts'
import { provideRedis } from '../../../infra/tools/redis.ts'
import type { Toolbox } from '../../../infra/tools/toolbox.ts'

/** What it was measured on: figures of another machine are other figures. */
export async function machine(box: Toolbox): Promise<string[]> {
  const [cpu] = cpus()
  const [redis, mongo] = await Promise.all([provideRedis(box), provideMongo(box)])
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
    `Node ${process.versions.node}; ${redis.chosen}; ${mongo.chosen}`,
  ]
}
