import t from 'tap'
import { Semaphore } from '../src/semaphore.ts'

const nextTick = () => new Promise((resolve) => setImmediate(resolve))

t.test('no more is under way than there is room, in the order of coming', async (t) => {
  const semaphore = new Semaphore(10)
  const inside: number[] = []
  const leaves = new Map<number, () => void>()
  for (const size of [6, 4, 3, 25, 1]) {
    const work = () => {
      inside.push(size)
      return new Promise<void>((leave) => leaves.set(size, leave))
    }
    void semaphore.run(work, size)
  }
  await nextTick()
  t.same(inside, [6, 4])
  leaves.get(6)?.()
  await nextTick()
  t.same(inside, [6, 4, 3], 'what is larger than all waits, and nobody passes it')
  leaves.get(4)?.()
  await nextTick()
  t.same(inside, [6, 4, 3])
  leaves.get(3)?.()
  await nextTick()
  t.same(inside, [6, 4, 3, 25], 'until it is alone')
  leaves.get(25)?.()
  await nextTick()
  t.same(inside, [6, 4, 3, 25, 1])
})
