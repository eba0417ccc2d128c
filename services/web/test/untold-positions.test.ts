import t from 'tap'
import { UntoldPositions } from '../src/features/voice/untold-positions.ts'

const now = Date.now()
const at = (messageId: string, seconds: number, agoMs = 0) => {
  return { messageId, conversationId: 'ann|bob', seconds, at: now - agoMs }
}

t.beforeEach(() => {
  const items = new Map<string, string>()
  const sessionStorage = {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
  }
  Object.assign(globalThis, { sessionStorage })
})

t.test('what was not answered is there after a reload, the newest of each message', async (t) => {
  const before = new UntoldPositions('ann')
  before.add(at('m1', 3))
  before.add(at('m2', 1))
  before.add(at('m1', 8))
  t.same(new UntoldPositions('ann').all(), [at('m1', 8), at('m2', 1)])
  t.same(new UntoldPositions('bob').all(), [], 'and nobody else has it')
})

t.test('what is old is not told any more', async (t) => {
  const positions = new UntoldPositions('ann')
  positions.add(at('m1', 3, 11 * 60_000))
  positions.add(at('m2', 3, 9 * 60_000))
  t.same(positions.all(), [at('m2', 3, 9 * 60_000)])
})

t.test('an answer takes away what it answers, and nothing newer', async (t) => {
  const positions = new UntoldPositions('ann')
  positions.add(at('m1', 3))
  positions.add(at('m1', 8))
  positions.told(at('m1', 3))
  t.same(positions.all(), [at('m1', 8)])
  positions.told(at('m1', 8, 5))
  t.same(positions.all(), [at('m1', 8)], 'the same place, but noted before')
  positions.told(at('m1', 8))
  t.same(positions.all(), [])
})
