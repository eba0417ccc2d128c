import type { UserStatus } from '@earshot/protocol'
import t from 'tap'
import { applyStatuses } from '../src/presence-state.ts'

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
