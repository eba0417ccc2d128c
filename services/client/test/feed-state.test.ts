import type { Change, Message, SyncedConversation } from '@earshot/protocol'
import fc from 'fast-check'
import t from 'tap'
import {
  type FeedState,
  feedFrom,
  heardChange,
  heardMessage,
  isBehind,
  synced,
  type Told,
} from '../src/feed/feed-state.ts'

const message = (seq: number) => ({ _id: `m${seq}`, conversationId: 'c', seq }) as Message
const change = (changeSeq: number, seq: number) =>
  ({ type: 'message_edited', conversationId: 'c', messageId: `m${seq}`, seq, changeSeq }) as Change

interface World {
  /** Numbers that hold a message; the others are closed holes. */
  seqs: number[]
  /** The message that each change is of. */
  changes: number[]
}

/** What a server would answer, in pages. */
function answer({ seqs, changes }: World, { seq, changeSeq }: FeedState, limit: number): SyncedConversation {
  const head = seqs.at(-1) ?? 0
  const said = seqs.filter((place) => place > seq)
  const changed = changes.flatMap((of, i) =>
    i + 1 > (changeSeq ?? changes.length) ? [change(i + 1, of)] : [],
  )
  return {
    messages: said.slice(0, limit).map(message),
    changes: changed.slice(0, limit),
    headSeq: head,
    headChangeSeq: changes.length,
    complete: said.length <= limit && changed.length <= limit,
  }
}

t.test('in order at once, later ones wait, known ones are not told again', async (t) => {
  let told = heardMessage(feedFrom({ seq: 4 }), message(5))
  t.match(told.messages, [{ seq: 5 }])
  told = heardMessage(told.state, message(7))
  t.same(told.messages, [])
  t.ok(isBehind(told.state))
  t.same(heardMessage(told.state, message(5)).messages, [])
  told = heardMessage(told.state, message(6))
  t.match(told.messages, [{ seq: 6 }, { seq: 7 }])
  t.notOk(isBehind(told.state))
})

t.test('a change waits for its message', async (t) => {
  const early = heardChange(feedFrom({ seq: 1, changeSeq: 0 }), change(1, 2))
  t.same(early.changes, [])
  const told = heardMessage(early.state, message(2))
  t.match([told.messages, told.changes], [[{ seq: 2 }], [{ changeSeq: 1 }]])
})

t.test('whatever is lost, doubled or late: each message and change once and in order', async () => {
  const world = fc.record({
    places: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
    changes: fc.array(fc.nat(), { maxLength: 12 }),
  })
  const mishaps = fc.array(fc.tuple(fc.constantFrom('m', 'c', 's'), fc.nat()), { maxLength: 60 })
  await fc.assert(
    fc.property(world, mishaps, fc.integer({ min: 1, max: 5 }), (made, steps, limit) => {
      const seqs = made.places.toSorted((a, b) => a - b)
      const all: World = { seqs, changes: made.changes.map((n) => seqs[n % seqs.length] as number) }
      const messages: number[] = []
      const changes: number[] = []
      let state = feedFrom({ seq: 0, changeSeq: 0 })
      const take = (told: Told) => {
        state = told.state
        messages.push(...told.messages.map(({ seq }) => seq))
        for (const { changeSeq, seq } of told.changes) {
          if (!messages.includes(seq)) throw new Error('a change before its message')
          changes.push(changeSeq)
        }
      }
      for (const [what, n] of steps) {
        if (what === 'm') take(heardMessage(state, message(seqs[n % seqs.length] as number)))
        else if (what === 's') take(synced(state, answer(all, state, limit)))
        else if (all.changes.length > 0) {
          const i = n % all.changes.length
          take(heardChange(state, change(i + 1, all.changes[i] as number)))
        }
      }
      for (let i = 0; i < 100; i++) take(synced(state, answer(all, state, limit)))
      const expected = { messages: seqs, changes: all.changes.map((_, i) => i + 1) }
      return JSON.stringify({ messages, changes }) === JSON.stringify(expected) && !isBehind(state)
    }),
    { numRuns: 500 },
  )
})

t.test(
  'without a number to start from, changes begin with the first that is heard, or where sync stands',
  async (t) => {
    t.match(heardChange(feedFrom({ seq: 3 }), change(7, 2)).changes, [{ changeSeq: 7 }])
    const told = synced(feedFrom({ seq: 3 }), {
      messages: [],
      changes: [],
      headSeq: 3,
      headChangeSeq: 9,
      complete: true,
    })
    t.equal(told.state.changeSeq, 9)
  },
)
