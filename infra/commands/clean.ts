import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { otherPlaces } from '../servers/postgres-place.ts'
import { ROOT, type Settings, statePaths, WEB_ROOT } from '../settings.ts'
import { cacheRoot } from '../tools/cache.ts'
import { refuseIfRunning } from './running.ts'

/** `make clean`: removes what runs and builds have made in this clone, its data included. */
export async function clean(settings: Settings): Promise<number> {
  const paths = statePaths(settings.stateDir)
  refuseIfRunning(paths.state)
  const elsewhere = otherPlaces(join(paths.data, 'mongo', 'postgres'))
  for (const path of [settings.stateDir, WEB_ROOT, join(ROOT, '.tap'), ...elsewhere]) {
    rmSync(path, { recursive: true, force: true })
  }
  process.stdout.write(`Removed data, logs and builds. Tools built for all clones stay in ${cacheRoot()}.\n`)
  return 0
}
