import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { otherPlaces, placeFor } from '../servers/postgres-place.ts'
import { scratch } from './scratch.ts'

const NOBODY = { uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0

t.test('who runs PostgreSQL as themselves has the data where they want it', async (t) => {
  t.equal(placeFor('/anywhere/at/all', undefined), '/anywhere/at/all')
})

t.test('a folder that its user cannot enter is replaced by one that it can', { skip: !isRoot }, async (t) => {
  const open = scratch(t)
  chmodSync(open, 0o711)
  t.equal(placeFor(join(open, 'clone', 'postgres'), NOBODY), join(open, 'clone', 'postgres'))

  const closed = scratch(t)
  chmodSync(closed, 0o700)
  process.env.XDG_STATE_HOME = join(open, 'state')
  t.teardown(() => delete process.env.XDG_STATE_HOME)
  const wanted = join(closed, 'clone', 'postgres')
  const place = placeFor(wanted, NOBODY)
  t.equal(place, otherPlaces(wanted)[0])
  t.equal(dirname(place), join(open, 'state', 'earshot'))
  t.equal(statSync(closed).mode & 0o777, 0o700, "other people's folders are left as they are")
  t.not(place, placeFor(join(closed, 'other', 'postgres'), NOBODY), 'another clone has another place')

  mkdirSync(place)
  writeFileSync(join(place, 'PG_VERSION'), '15\n')
  chmodSync(closed, 0o711)
  t.equal(placeFor(wanted, NOBODY), place, 'data stays where it is')
})
