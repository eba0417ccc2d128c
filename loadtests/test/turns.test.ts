import { test } from 'tap'
import type { EarshotUser } from '../lib/earshot/user.ts'
import { Turns } from '../lib/run/turns.ts'

const person = (userId: string) => ({ userId }) as EarshotUser

test('turns: channel by channel, and in each one after the other', async (t) => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(person) as [
    EarshotUser,
    EarshotUser,
    EarshotUser,
    EarshotUser,
  ]
  const turns = new Turns([{ members: [a, b] }, { members: [c, d] }])
  const had = Array.from({ length: 6 }, () => turns.next().from.userId)
  t.strictSame(had, ['a', 'c', 'b', 'd', 'a', 'c'])
})

test('turns: one who is in all channels sends no more than the others', async (t) => {
  const shared = person('shared')
  const others = Array.from({ length: 99 }, (_, i) => person(`other-${i}`))
  const turns = new Turns(others.map((other) => ({ members: [other, shared] })))
  const had = new Map<string, number>()
  for (let i = 0; i < 1_000; i++) {
    const { userId } = turns.next().from
    had.set(userId, (had.get(userId) ?? 0) + 1)
  }
  t.equal(had.size, 100)
  t.ok(Math.max(...had.values()) <= 11, `at most ${Math.max(...had.values())}`)
})

test('turns: nobody to talk to', async (t) => {
  t.throws(() => new Turns([]).next(), /nobody/)
})
