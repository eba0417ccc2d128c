import t from 'tap'
import { TurnBatch } from '../src/turn-batch.ts'

function counting({ max = 10 } = {}) {
  const calls: number[][] = []
  const batch = new TurnBatch<number, number[]>(
    async (asked) => {
      calls.push(asked)
      return asked.map((one) => one * 2)
    },
    { max },
  )
  return { calls, batch }
}

t.test('what one turn asks is one call, in order, and has one answer', async (t) => {
  const { calls, batch } = counting()
  const answers = await Promise.all([1, 2, 3].map((one) => batch.add(one)))
  t.same(answers, Array(3).fill([2, 4, 6]))
  t.same(calls, [[1, 2, 3]])
})

t.test('what comes after a flush, or beyond the most, is another call', async (t) => {
  const { calls, batch } = counting({ max: 2 })
  const answers = [batch.add(1)]
  batch.flush()
  t.same(calls, [[1]], 'at once')
  answers.push(batch.add(2), batch.add(3), batch.add(4))
  t.same(await Promise.all(answers), [[2], [4, 6], [4, 6], [8]])
  t.same(calls, [[1], [2, 3], [4]])
})

t.test('a call that fails fails for all that asked', async (t) => {
  const batch = new TurnBatch<number, never>(() => Promise.reject(new Error('away')), { max: 10 })
  await Promise.all([1, 2].map((one) => t.rejects(batch.add(one), /away/)))
})

t.test('nor more than they may weigh together', async (t) => {
  const calls: string[][] = []
  const batch = new TurnBatch<string, void>(async (items) => void calls.push(items), {
    max: 10,
    maxWeight: 5,
    weightOf: ({ length }) => length,
  })
  await Promise.all(['abc', 'de', 'f'].map((item) => batch.add(item)))
  t.same(calls, [['abc', 'de'], ['f']])
})
