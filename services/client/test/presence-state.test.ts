import type { UserStatus } from '@earshot/protocol'
import t from 'tap'
import { applyStatuses, forgetOnline } from '../src/presence-state.ts'

const status = (userId: string, version: number, isOnline = true): UserStatus => ({
  userId,
  isOnline,
  lastSeen: '2026-01-01T00:00:00.000Z',
  version,
})

t.test('a status that was overtaken is not taken', async (t) => {
  const state = applyStatuses({}, [status('a', 2, false), status('b', 1)])
  t.equal(applyStatuses(state, [status('a', 1)]), state)
  t.equal(applyStatuses(state, [status('a', 3)]).a?.isOnline, true)
  t.equal(state.a?.isOnline, false)
})

t.test('while nobody tells, nobody is said to be online; what is heard then is newer', async (t) => {
  const known = forgetOnline(applyStatuses({}, [status('a', 7), status('b', 2, false)]))
  t.match(known.a, { isOnline: false, lastSeen: null }, 'when they went is not known')
  t.match(known.b, { isOnline: false, lastSeen: '2026-01-01T00:00:00.000Z' })
  t.equal(applyStatuses(known, [status('a', 7)]).a?.isOnline, true, 'unchanged meanwhile')
})
