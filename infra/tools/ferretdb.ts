import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, messageOf } from '../system/failure.ts'
import { cached } from './cache.ts'
import { buildWithGo, goCommand } from './go.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay, once } from './ways.ts'

export const FERRETDB_VERSION = '1.24.2'
const SOURCE = join(import.meta.dirname, '..', 'ferretdb')

/** The program of ../ferretdb, built by Go into the user's cache. */
export const provideFerretdb = once(async (box: Toolbox): Promise<string | NotThisWay> => {
  const go = goCommand()
  if (go === undefined) return new NotThisWay('no Go to build FerretDB with')
  try {
    const folder = await cached('ferretdb', `${FERRETDB_VERSION}-${sourceHash()}`, (target) =>
      buildWithGo(
        go,
        {
          what: `FerretDB ${FERRETDB_VERSION}`,
          args: [
            'build',
            '-trimpath',
            '-buildvcs=false',
            '-ldflags=-s -w',
            '-o',
            join(target, 'ferretdb'),
            '.',
          ],
          cwd: SOURCE,
          env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
        },
        box,
      ),
    )
    return join(folder, 'ferretdb')
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
})

/** Our main is part of the version: a change of it is another build. */
function sourceHash(): string {
  const hash = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(SOURCE, file)))
  return hash.digest('hex').slice(0, 8)
}
