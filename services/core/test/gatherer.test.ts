import t from 'tap'
import { Gatherer } from '../src/gatherer.ts'

/** A look-up that is answered by hand. */
function heldLookUp() {
  const calls: { keys: string[]; answer: (found: Map<string, number>) => void; fail: (e: Error) => void }[] =
    []
  const lookUp = (keys: string[]) =>
    new Promise<Map<string, number>>((answer, fail) => calls.push({ keys, answer, fail }))
  return { calls, lookUp }
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve))

t.test('what is asked in one tick is looked up together, each key once', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0)
  const answers = Promise.all(['a', 'b', 'a', 'c'].map((key) => gatherer.ask(key)))
  await nextTick()
  t.same(
    calls.map(({ keys }) => keys),
    [['a', 'b', 'c']],
  )
  calls[0]?.answer(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  )
  t.same(await answers, [1, 2, 1, 0], 'what was not found has the answer of what is absent')
})

t.test('a look-up that began before never answers', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0)
  const first = gatherer.ask('a')
  await nextTick()
  const second = gatherer.ask('a')
  calls[0]?.answer(new Map([['a', 1]]))
  t.equal(await first, 1)
  await nextTick()
  calls[1]?.answer(new Map([['a', 2]]))
  t.equal(await second, 2)
})

t.test('no look-up is heavier than allowed, but for a key that is so by itself', async (t) => {
  const calls: string[][] = []
  const lookUp = async (keys: string[]) => {
    calls.push(keys)
    return new Map(keys.map((key) => [key, key.length]))
  }
  const gatherer = new Gatherer(lookUp, 0, { maxWeight: 4, weightOf: (key) => key.length })
  const answers = ['aa', 'bb', 'c', 'dddddd', 'e'].map((key) => gatherer.ask(key))
  t.same(await Promise.all(answers), [2, 2, 1, 6, 1])
  t.same(calls, [['aa', 'bb'], ['c'], ['dddddd'], ['e']])
})

t.test('what is asked while enough are under way waits, and goes in parts of a bounded size', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0, { max: 2 })
  const answers = [gatherer.ask('a')]
  await nextTick()
  for (const key of ['b', 'c', 'd']) {
    answers.push(gatherer.ask(key))
    await nextTick()
  }
  t.equal(calls.length, 1)
  for (let i = 0; i < 3; i++) {
    calls[i]?.answer(new Map([['c', 3]]))
    await nextTick()
  }
  t.same(
    calls.map(({ keys }) => keys),
    [['a'], ['b', 'c'], ['d']],
  )
  t.same(await Promise.all(answers), [0, 0, 3, 0])
})

t.test('a failure is that of those who asked for it, and of nobody later', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0)
  const failing = t.rejects(Promise.all([gatherer.ask('a'), gatherer.ask('b')]), /away/)
  await nextTick()
  calls[0]?.fail(new Error('away'))
  await failing
  const later = gatherer.ask('a')
  await nextTick()
  calls[1]?.answer(new Map([['a', 1]]))
  t.equal(await later, 1)
})

t.test('between two look-ups it pauses, but who asks when nobody did just now does not wait', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0, { pauseMs: 20 })
  const first = gatherer.ask('a')
  await nextTick()
  t.equal(calls.length, 1)
  calls[0]?.answer(new Map())
  await first
  const others = [gatherer.ask('b')]
  await nextTick()
  others.push(gatherer.ask('c'))
  t.equal(calls.length, 1, 'it pauses')
  while (calls.length < 2) await nextTick()
  t.same(calls[1]?.keys, ['b', 'c'])
  calls[1]?.answer(new Map())
  await Promise.all(others)
})

t.test('where as many wait as one look-up takes, it does not pause', async (t) => {
  const { calls, lookUp } = heldLookUp()
  const gatherer = new Gatherer(lookUp, 0, { max: 2, pauseMs: 100 })
  const answers = ['a', 'b', 'c'].map((key) => gatherer.ask(key))
  await nextTick()
  calls[0]?.answer(new Map())
  await nextTick()
  t.same(
    calls.map(({ keys }) => keys),
    [['a', 'b'], ['c']],
  )
  calls[1]?.answer(new Map())
  await Promise.all(answers)
})
