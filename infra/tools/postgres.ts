import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { installWithApt } from './apt.ts'
import { onPath, searchIn, versionedFolders } from './on-path.ts'
import type { Toolbox } from './toolbox.ts'
import { NotThisWay, once } from './ways.ts'

/** FerretDB asks for 14 or later. */
const LEAST_POSTGRES = 14

export interface PostgresTool {
  /** The folder with postgres and initdb. */
  bin: string
  major: number
}

/** PostgreSQL as FerretDB's store: there already, or through apt-get. */
export const providePostgres = once(async (box: Toolbox): Promise<PostgresTool | NotThisWay> => {
  const there = installed()
  if (!(there instanceof NotThisWay)) return there
  const refused = await installWithApt({ packages: ['postgresql'], services: ['postgresql'] }, box)
  return refused ? new NotThisWay(`${there.why} and ${refused.why}`) : installed()
})

function installed(): PostgresTool | NotThisWay {
  const debian = versionedFolders('/usr/lib/postgresql', 'bin')
  const postgres = searchIn(debian, ['postgres']) ?? onPath('postgres')
  if (postgres === undefined) return new NotThisWay('no PostgreSQL is installed')
  const bin = dirname(postgres)
  if (searchIn([bin], ['initdb']) === undefined) return new NotThisWay(`${bin} has no initdb`)
  const said = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const major = Number(/(\d+)/.exec(said)?.[1])
  return major >= LEAST_POSTGRES ? { bin, major } : new NotThisWay(`PostgreSQL ${major} is too old`)
}
