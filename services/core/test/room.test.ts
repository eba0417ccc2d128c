import t from 'tap'
import { Room } from '../src/room.ts'

const nextTick = () => new Promise((resolve) => setImmediate(resolve))

t.test('no more is under way than there is room, in the order of coming', async (t) => {
  const room = new Room(10)
  const inside: number[] = []
  const leaves = new Map<number, () => void>()
  for (const size of [6, 4, 3, 25, 1]) {
    void room.enter(size).then((leave) => {
      inside.push(size)
      leaves.set(size, leave)
    })
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
