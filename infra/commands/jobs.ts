import { join } from 'node:path'
import { NODE, ROOT, type Settings, statePaths } from '../settings.ts'
import { runningState } from '../stack/state-file.ts'
import { runInForeground } from '../system/exec.ts'
import { Failure } from '../system/failure.ts'

/** `make jobs ARGS="list"`: `npm run jobs` on the cluster of this clone. */
export async function jobs(settings: Settings, args: readonly string[]): Promise<number> {
  const state = runningState(statePaths(settings.stateDir).state)
  if (state?.phase !== 'ready') throw new Failure('Nothing of this clone runs: make run, or npm run jobs.')
  const { redisUrl, queueRedisUrl, mongoUri } = state
  const env = {
    ...process.env,
    ...(redisUrl && { REDIS_URL: redisUrl }),
    ...(queueRedisUrl && { QUEUE_REDIS_URL: queueRedisUrl }),
    ...(mongoUri && { MONGODB_URI: mongoUri }),
  }
  return runInForeground(NODE, [join(ROOT, 'services/worker/src/cli/main.ts'), ...args], { env })
}
