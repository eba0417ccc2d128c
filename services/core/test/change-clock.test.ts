import t from 'tap'
import { ChangeClock } from '../src/conversations/change-clock.ts'

t.test('what changed since a mark', async (t) => {
  const clock = new ChangeClock()
  clock.note('a')
  const mark = clock.now
  t.notOk(clock.changedSince(mark, 'a'))
  clock.note('b')
  t.notOk(clock.changedSince(mark, 'a'))
  t.ok(clock.changedSince(mark, 'b'))
  clock.noteAll()
  t.ok(clock.changedSince(mark, 'a'))
  t.notOk(clock.changedSince(clock.now, 'a'))
})

t.test('what is forgotten counts as changed, never as unchanged', async (t) => {
  const clock = new ChangeClock({ max: 2 })
  const mark = clock.now
  for (const key of ['a', 'b', 'c']) clock.note(key)
  t.ok(clock.changedSince(mark, 'a'), 'though there was no place for it')
  t.ok(clock.changedSince(mark, 'd'))
  const later = clock.now
  for (const key of ['a', 'b', 'c']) t.notOk(clock.changedSince(later, key))
})
