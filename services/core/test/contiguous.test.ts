import fc from 'fast-check'
import t from 'tap'
import { contiguous, readContiguous, type Stream } from '../src/messages/contiguous.ts'

const long = new Date(0)
const doc = (number: number, writtenAt = long) => ({ number, writtenAt })
const stream = (closeHole: Stream<ReturnType<typeof doc>>['closeHole']) => ({
  describe: (it: ReturnType<typeof doc>) => it,
  closeHole,
})

t.test('without holes all is read', async (t) => {
  const read = await contiguous(
    [doc(4), doc(5)],
    3,
    stream(async () => t.fail('nothing to close')),
  )
  t.match(read, { docs: [{ number: 4 }, { number: 5 }], upTo: 5, stopped: false })
})

t.test('a young hole stops the reader, an old one is closed for good', async (t) => {
  const young = await contiguous(
    [doc(4), doc(6, new Date())],
    3,
    stream(async () => t.fail('too early')),
  )
  t.match(young, { docs: [{ number: 4 }], upTo: 4, stopped: true })
  const closed: number[] = []
  const close = async (number: number) => closed.push(number) > 0
  const old = await contiguous([doc(4), doc(7)], 3, stream(close))
  t.match(old, { docs: [{ number: 4 }, { number: 7 }], upTo: 7, stopped: false })
  t.same(closed, [5, 6])
})

t.test('a hole whose writer came after all stops the reader', async (t) => {
  const read = await contiguous(
    [doc(5)],
    3,
    stream(async () => false),
  )
  t.match(read, { docs: [], upTo: 3, stopped: true })
})

t.test('nothing is skipped: every number up to the end was read or closed', async () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 })).map((all) => all.sort((a, b) => a - b))
  await fc.assert(
    fc.asyncProperty(numbers, fc.infiniteStream(fc.boolean()), async (present, dice) => {
      const closed: number[] = []
      const { docs, upTo } = await contiguous(
        present.map((number) => doc(number, dice.next().value ? long : new Date())),
        0,
        stream(async (number) => {
          const isClosed = dice.next().value ?? true
          if (isClosed) closed.push(number)
          return isClosed
        }),
      )
      const known = new Set([...docs.map(({ number }) => number), ...closed])
      return Array.from({ length: upTo }, (_, i) => i + 1).every((number) => known.has(number))
    }),
  )
})

t.test(
  'a reader waits for what was on its way when it came, and does not chase what came later',
  async (t) => {
    const young = (...numbers: number[]) => numbers.map((number) => doc(number, new Date()))
    const answers = [young(1, 3), young(1, 3, 5), young(1, 2, 3, 5, 7)]
    const asked: (number | undefined)[] = []
    const read = await readContiguous(
      async (upTo) => {
        asked.push(upTo)
        return answers[asked.length - 1] ?? []
      },
      () => 0,
      stream(async () => t.fail('too early')),
    )
    t.match(read, { docs: [{ number: 1 }, { number: 2 }, { number: 3 }], upTo: 3, found: 2 })
    t.equal(read.docs.length, 3)
    t.same(asked, [undefined, 3, 3])
  },
)
