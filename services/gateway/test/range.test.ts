import fc from 'fast-check'
import t from 'tap'
import { parseRange } from '../src/http/range.ts'

t.test('ranges of RFC 9110', async (t) => {
  t.same(parseRange('bytes=0-0', 10), { start: 0, end: 0 })
  t.same(parseRange('bytes=5-', 10), { start: 5, end: 9 })
  t.same(parseRange('bytes=-3', 10), { start: 7, end: 9 })
  t.same(parseRange('bytes=-30', 10), { start: 0, end: 9 })
  t.same(parseRange('bytes=0-99', 10), { start: 0, end: 9 })
  t.equal(parseRange('bytes=10-', 10), 'unsatisfiable')
  t.equal(parseRange('bytes=-0', 10), 'unsatisfiable')
  for (const ignored of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=3-2',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=a-b',
  ]) {
    t.equal(parseRange(ignored, 10), undefined, String(ignored))
  }
})

t.test('a range that is answered lies within the size', async () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 1e6 }), (junk, a, b, size) => {
      return [junk, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`].every((header) => {
        const range = parseRange(header, size)
        if (range === undefined || range === 'unsatisfiable') return true
        return range.start >= 0 && range.start <= range.end && range.end < size
      })
    }),
  )
})
