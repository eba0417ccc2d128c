import type { SyncedConversation } from '@earshot/protocol'
import { test } from 'tap'
import { Positions } from '../lib/earshot/positions.ts'
import { syncAll } from '../lib/earshot/sync.ts'
import { crowdedNode, pairsAcrossNodes } from '../lib/run/pairs.ts'

test('positions: up to the first hole', async (t) => {
  const positions = new Positions()
  for (const seq of [1, 2, 4, 5]) positions.has('c', seq)
  t.strictSame(positions.all(), { c: 2 })
  positions.has('c', 3)
  t.strictSame(positions.all(), { c: 5 })
  positions.has('c', 8)
  positions.caughtUp('c', 7)
  t.strictSame(positions.all(), { c: 8 })
  positions.caughtUp('c', 3)
  positions.follow('d')
  t.strictSame(positions.all(), { c: 8, d: 0 })
})

test('sync: page after page, until all is complete', async (t) => {
  const asked: Record<string, number>[] = []
  const got: number[] = []
  await syncAll(
    { a: 0, hidden: 4 },
    async (conversations) => {
      asked.push(conversations)
      const from = conversations.a ?? 0
      return { a: page(from < 4 ? [from + 1, from + 2] : [], from >= 4) }
    },
    (_, { messages }) => got.push(...messages.map(({ seq }) => seq)),
    async () => {
      t.fail('each page brought something')
    },
  )
  t.strictSame(got, [1, 2, 3, 4])
  t.strictSame(asked, [{ a: 0, hidden: 4 }, { a: 2 }, { a: 4 }])
})

test('sync: waits for a hole, and gives up in the end', async (t) => {
  let pauses = 0
  const ask = async () => ({ a: page([], pauses >= 3) })
  const pause = async () => {
    pauses++
  }
  await syncAll({ a: 5 }, ask, () => undefined, pause)
  t.equal(pauses, 3)
  await t.rejects(
    syncAll(
      { a: 5 },
      async () => ({ a: page([], false) }),
      () => undefined,
      pause,
    ),
    /does not end/,
  )
})

function page(seqs: number[], complete: boolean): SyncedConversation {
  const messages = seqs.map((seq) => ({ seq })) as SyncedConversation['messages']
  return { messages, changes: [], headSeq: seqs.at(-1) ?? 0, headChangeSeq: 0, complete }
}

test('pairs: across nodes, everybody in one, however they are spread', async (t) => {
  for (const spread of [
    [5, 5],
    [8, 2],
    [1, 9],
    [4, 3, 3],
    [6, 1, 1],
  ]) {
    const all = spread.flatMap((count, n) =>
      Array.from({ length: count }, (_, i) => ({ node: `n${n}`, name: `${n}/${i}` })),
    )
    const pairs = pairsAcrossNodes(all)
    t.ok(
      pairs.every(([a, b]) => a.node !== b.node),
      spread.join(),
    )
    t.equal(new Set(pairs.flat()).size, all.length, 'nobody is left out')
  }
  t.equal(pairsAcrossNodes(Array.from({ length: 5 }, () => ({ node: 'only' }))).length, 2)
  t.strictSame(pairsAcrossNodes([]), [])
})

test('a node is crowded when it has got more than three of four', async (t) => {
  const spread = (...counts: number[]) =>
    counts.flatMap((count, n) => Array.from({ length: count }, () => ({ node: `n${n}` })))
  t.equal(crowdedNode(spread(3, 1), 2).length, 0)
  t.equal(crowdedNode(spread(1, 4), 2).length, 4)
  t.equal(crowdedNode(spread(9), 2).length, 9)
  t.equal(crowdedNode(spread(9), 1).length, 0, 'there is no other')
  t.equal(crowdedNode([], 2).length, 0)
})
