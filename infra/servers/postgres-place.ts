import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../system/failure.ts'

export interface SystemUser {
  uid: number
  gid: number
}

/** Whom PostgreSQL runs as: this user, or `postgres` where this user is root, which it refuses. */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || Number.NaN)
  const user = { uid: id('-u'), gid: id('-g') }
  if (Number.isInteger(user.uid) && Number.isInteger(user.gid)) return user
  throw new Failure('PostgreSQL does not run as root, and there is no user "postgres" to run it as.')
}

/** Where else data may go when `wanted` lies in a folder that the user cannot enter; keyed by the wanted path. */
export function otherPlaces(wanted: string): string[] {
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 12)
  const stateHome = process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  return [join(stateHome, 'earshot', `postgres-${key}`), join('/var/lib/earshot', `postgres-${key}`)]
}

/** The wanted folder, or the next one that the user can enter. Data that is already somewhere stays there. */
export function placeFor(wanted: string, user: SystemUser | undefined): string {
  if (user === undefined) return wanted
  const places = [wanted, ...otherPlaces(wanted)]
  const inUse = places.find((place) => existsSync(join(place, 'PG_VERSION')))
  if (inUse !== undefined) return inUse
  const place = places.find((candidate) => canEnter(dirname(candidate), user))
  if (place !== undefined) return place
  throw new Failure(
    `The user "postgres" can enter none of ${places.map((path) => dirname(path)).join(', ')}.`,
  )
}

function canEnter(folder: string, user: SystemUser): boolean {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true })
  // The last folder is ours to open; those above it belong to others.
  chmodSync(folder, 0o711)
  return spawnSync('test', ['-x', folder], { ...user, cwd: '/' }).status === 0
}
