import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../system/exec.ts'
import { Failure, messageOf } from '../system/failure.ts'
import { cached } from './cache.ts'
import { additions } from './ferretdb-edits.ts'
import { prepareSource } from './ferretdb-source.ts'
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
      build(go, target, box),
    )
    return join(folder, 'ferretdb')
  } catch (error) {
    if (error instanceof Failure) return new NotThisWay(messageOf(error))
    throw error
  }
})

async function build(go: string, target: string, box: Toolbox): Promise<void> {
  const downloaded = await box.reporter.step(`Downloading FerretDB ${FERRETDB_VERSION}`, () =>
    run('Downloading FerretDB', {
      command: go,
      args: ['mod', 'download', '-json', `github.com/FerretDB/FerretDB@v${FERRETDB_VERSION}`],
      cwd: SOURCE,
      env: process.env,
      signal: box.signal,
    }),
  )
  const { Dir: module } = JSON.parse(downloaded) as { Dir: string }
  const sources = join(target, 'source')
  const program = prepareSource(module, SOURCE, sources)
  await buildWithGo(
    go,
    {
      what: `FerretDB ${FERRETDB_VERSION}`,
      args: ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', join(target, 'ferretdb'), '.'],
      cwd: program,
      env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    },
    box,
  )
  rmSync(sources, { recursive: true })
}

/** What we add is part of the version: a change of it is another build. */
function sourceHash(): string {
  const hash = createHash('sha256')
  const own = [
    'main.go',
    'go.mod',
    'go.sum',
    ...Object.keys(additions).map((file) => join('added', file)),
  ].map((file) => join(SOURCE, file))
  const edits = ['ferretdb-edits.ts', 'ferretdb-source.ts'].map((file) => join(import.meta.dirname, file))
  for (const file of [...own, ...edits]) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 8)
}
