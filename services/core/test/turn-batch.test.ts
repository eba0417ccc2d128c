import t from 'tap'
import { TurnBatch } from '../src/turn-batch.ts'

function counting({ max = 10 } = {}) {
  const calls: number[][] = []
  const batch = new TurnBatch<number, number>(async (asked) => {
    calls.push(asked)
    return asked.map((one) => one * 2)
  }, max)
  return { calls, batch }
}

t.test('what one turn asks is one call, in order, and each has its answer', async (t) => {
  const { calls, batch } = counting()
  t.same(await Promise.all([1, 2, 3].map((one) => batch.ask(one))), [2, 4, 6])
  t.same(calls, [[1, 2, 3]])
})

t.test('what comes after a flush, or beyond the most, is another call', async (t) => {
  const { calls, batch } = counting({ max: 2 })
  const answers = [batch.ask(1)]
  batch.flush()
  t.same(calls, [[1]], 'at once')
  answers.push(batch.ask(2), batch.ask(3), batch.ask(4))
  t.same(await Promise.all(answers), [2, 4, 6, 8])
  t.same(calls, [[1], [2, 3], [4]])
})

t.test('a call that fails fails for all that asked', async (t) => {
  const batch = new TurnBatch<number, number>(() => Promise.reject(new Error('away')), 10)
  await Promise.all([1, 2].map((one) => t.rejects(batch.ask(one), /away/)))
})
