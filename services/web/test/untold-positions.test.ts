import t from 'tap'
import { UntoldPositions } from '../src/features/voice/untold-positions.ts'

const at = (messageId: string, seconds: number) => ({ messageId, conversationId: 'ann|bob', seconds })

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

t.test('an answer takes away what it answers, and nothing newer', async (t) => {
  const positions = new UntoldPositions('ann')
  positions.add(at('m1', 3))
  positions.add(at('m1', 8))
  positions.told(at('m1', 3))
  t.same(positions.all(), [at('m1', 8)])
  positions.told(at('m1', 8))
  t.same(positions.all(), [])
})
