import t from 'tap'
import { RuleHolders } from '../src/visibility/rule-holders.ts'

t.test('until all are known anybody may be one', async (t) => {
  const holders = new RuleHolders(async () => ['ann'])
  t.ok(holders.mayBe('ann') && holders.mayBe('bob'))
  await holders.load()
  t.ok(holders.mayBe('ann'))
  t.notOk(holders.mayBe('bob'))
  holders.note('bob')
  t.ok(holders.mayBe('bob'))
})

t.test('after changes may have been missed, they are loaded again', async (t) => {
  let found = ['ann']
  const holders = new RuleHolders(async () => found)
  await holders.load()
  holders.forget()
  t.ok(holders.mayBe('bob'))
  found = ['ann', 'bob']
  await holders.load()
  t.ok(holders.mayBe('bob'))
  t.notOk(holders.mayBe('cat'))
})

t.test('what changes while they are loaded is not lost', async (t) => {
  const read = Promise.withResolvers<string[]>()
  const holders = new RuleHolders(() => read.promise)
  const loaded = holders.load()
  holders.note('bob')
  read.resolve(['ann'])
  await loaded
  t.ok(holders.mayBe('bob'))
  t.notOk(holders.mayBe('cat'))
})

t.test('what was loaded before a lapse says nothing', async (t) => {
  const read = Promise.withResolvers<string[]>()
  const holders = new RuleHolders(() => read.promise)
  const loaded = holders.load()
  holders.forget()
  read.resolve(['ann'])
  await loaded
  t.ok(holders.mayBe('bob'))
})

t.test('where there are too many, anybody may be one', async (t) => {
  const holders = new RuleHolders(async (most) => Array.from({ length: most }, (_, i) => `user-${i}`))
  await holders.load()
  t.ok(holders.mayBe('bob'))
})
