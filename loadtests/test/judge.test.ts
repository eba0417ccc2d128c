import { test } from 'tap'
import { type Fault, faultNames } from '../lib/judge/faults.ts'
import { Judge } from '../lib/judge/judge.ts'
import type { Heard, Stream } from '../lib/judge/stream.ts'

/** A judge, a conversation of Ann and Bob, and messages m1, m2, … of Ann's, acknowledged with seq 1, 2, … */
function conversation({ messages = 3, echoes = false } = {}) {
  const tally = { sent: 0, acked: 0, delivered: 0, repeated: 0, overtaken: 0 }
  const latencies: number[] = []
  const judge = new Judge({
    sent: () => tally.sent++,
    acked: () => tally.acked++,
    delivered: (ms) => {
      tally.delivered++
      latencies.push(ms)
    },
    repeated: () => tally.repeated++,
    overtaken: () => tally.overtaken++,
    fault: () => undefined,
  })
  const stream = judge.open('ann+bob', ['ann', 'bob'], { echoes })
  for (let n = 1; n <= messages; n++) send(judge, stream, n)
  return { judge, stream, tally, latencies }
}

function send(judge: Judge, stream: Stream, n: number, sender = 'ann', at = 1_000): void {
  judge.sent(stream, { id: `m${n}`, sender, senderId: sender, content: `text ${n}`, at })
  judge.acked(`m${n}`, { messageId: `id${n}`, conversationId: 'c', seq: n }, at + 5)
}

function message(n: number, changed: Partial<Heard> = {}): Heard {
  const sent = { messageId: `id${n}`, conversationId: 'c', seq: n, id: `m${n}`, senderId: 'ann' }
  return { ...sent, content: `text ${n}`, ...changed }
}

function found(counts: Partial<Record<Fault, number>> = {}): Record<Fault, number> {
  return { ...Object.fromEntries(faultNames.map((name) => [name, 0])), ...counts } as Record<Fault, number>
}

test('when all is well nothing is found', async (t) => {
  const { judge, stream, tally, latencies } = conversation()
  t.equal(judge.awaited, 3)
  for (const n of [1, 2, 3]) judge.heard('bob', message(n), 1_010)
  t.equal(judge.awaited, 0)
  t.equal(judge.waitingForAck, 0)
  t.ok(judge.isHeardByAll('m3'))
  t.strictSame(judge.missing(), [])
  judge.history(stream, [message(1), message(2), message(3)])
  t.strictSame(judge.conclude(), found())
  t.strictSame(tally, { sent: 3, acked: 3, delivered: 3, repeated: 0, overtaken: 0 })
  t.strictSame(latencies, [10, 10, 10])
})

test('lost: acknowledged, never heard', async (t) => {
  const { judge } = conversation()
  judge.heard('bob', message(1), 1_010)
  judge.heard('bob', message(3), 1_010)
  t.strictSame(
    judge.missing().map(({ device, stream }) => [device, stream.name]),
    [['bob', 'ann+bob']],
  )
  t.strictSame(judge.conclude(), found({ lost: 1 }))
})

test('lost: heard, and not in the history', async (t) => {
  const { judge, stream } = conversation({ messages: 2 })
  for (const n of [1, 2]) judge.heard('bob', message(n), 1_010)
  judge.history(stream, [message(2)])
  t.strictSame(judge.conclude(), found({ lost: 1 }))
})

test('missed live: only asking brought it, which may be allowed', async (t) => {
  for (const [live, missed_live] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const { judge } = conversation({ messages: 2 })
    judge.heard('bob', message(1), 1_010)
    judge.heard('bob', message(2), 2_000, 'sync')
    t.strictSame(judge.conclude({ live }), found({ missed_live }))
  }
})

test('doubled: live, in the history, or as two messages', async (t) => {
  const { judge, stream } = conversation({ messages: 2 })
  for (const n of [1, 2, 2]) judge.heard('bob', message(n), 1_010)
  t.strictSame(judge.found, found({ doubled: 1 }))
  judge.history(stream, [message(1), message(2), message(2, { messageId: 'other', seq: 3 })])
  t.equal(judge.found.doubled, 3, 'another id for the same message, and twice in the history')
})

test('a copy after a retry is allowed, a second message is not', async (t) => {
  const { judge, stream, tally } = conversation({ messages: 1 })
  judge.heard('bob', message(1), 1_010)
  judge.retried('m1')
  judge.heard('bob', message(1), 1_020)
  t.strictSame([tally.repeated, judge.found.doubled], [1, 0])
  judge.heard('bob', message(1, { messageId: 'again', seq: 2 }), 1_030)
  judge.history(stream, [message(1)])
  t.strictSame(judge.conclude(), found({ doubled: 1 }))
})

test("reordered: one sender's messages in another order; two senders' may overtake", async (t) => {
  const { judge, stream, tally } = conversation({ messages: 3 })
  for (const n of [1, 3, 2]) judge.heard('bob', message(n), 1_010)
  t.strictSame(judge.conclude(), found({ reordered: 1 }))
  t.equal(tally.overtaken, 0)
  stream.join('eve', 0)
  send(judge, stream, 4, 'bob')
  send(judge, stream, 5, 'ann')
  judge.heard('eve', message(5), 1_010)
  judge.heard('eve', message(4, { senderId: 'bob' }), 1_010)
  t.strictSame([tally.overtaken, judge.found.reordered], [1, 1])
})

test('what one sender said by two connections may come in either order', async (t) => {
  const { judge, stream } = conversation({ messages: 0 })
  for (const n of [1, 2, 3]) {
    const connection = n === 1 ? 1 : 2
    judge.sent(stream, {
      id: `m${n}`,
      sender: 'ann',
      senderId: 'ann',
      content: `text ${n}`,
      at: 1_000,
      connection,
    })
    judge.acked(`m${n}`, { messageId: `id${n}`, conversationId: 'c', seq: n }, 1_005)
  }
  for (const n of [3, 1]) judge.heard('bob', message(n), 1_010)
  t.equal(judge.found.reordered, 0)
  judge.heard('bob', message(2), 1_010)
  t.equal(judge.found.reordered, 1, 'by one connection not')
})

test('a sender that came back by another connection may hear what it had sent', async (t) => {
  const { judge, stream, tally } = conversation({ messages: 1 })
  judge.heard('ann', message(1), 1_010, 'sync')
  judge.sent(stream, { id: 'm2', sender: 'ann', senderId: 'ann', content: 'text 2', at: 1_000 })
  judge.retried('m2')
  judge.heard('ann', message(2), 1_010)
  judge.acked('m2', { messageId: 'id2', conversationId: 'c', seq: 2 }, 1_020)
  for (const n of [1, 2]) judge.heard('bob', message(n), 1_010)
  t.strictSame(judge.conclude(), found())
  t.equal(tally.delivered, 2, 'only receivers are delivered to')
})

test('leaked: to an outsider, to the sending device, or a message that nobody sent', async (t) => {
  const { judge } = conversation({ messages: 1 })
  judge.heard('bob', message(1), 1_010)
  judge.heard('eve', message(1), 1_010)
  judge.heard('ann', message(1), 1_010)
  judge.heard('bob', message(9), 1_010)
  judge.heard('bob', message(9, { id: undefined }), 1_010)
  t.strictSame(judge.conclude(), found({ leaked: 4 }))
})

test('in a group the sender hears it too, and one who left does not', async (t) => {
  const { judge, stream } = conversation({ messages: 1, echoes: true })
  t.equal(judge.awaited, 2)
  for (const device of ['ann', 'bob']) judge.heard(device, message(1), 1_010)
  stream.leave('bob', 2_000)
  send(judge, stream, 2, 'ann', 2_500)
  send(judge, stream, 3, 'ann', 3_500)
  judge.heard('ann', message(2), 2_600)
  judge.heard('ann', message(3), 3_600)
  judge.heard('bob', message(2), 2_600)
  t.strictSame(judge.found, found(), 'within the grace')
  judge.heard('bob', message(3), 3_600)
  t.strictSame(judge.conclude(), found({ leaked: 1 }))
})

test('altered: another text, another sender, another conversation, refused and yet there', async (t) => {
  const { judge, stream } = conversation({ messages: 2 })
  judge.heard('bob', message(1, { content: 'changed' }), 1_010)
  judge.heard('bob', message(2, { senderId: 'eve' }), 1_010)
  judge.sent(stream, { id: 'm3', sender: 'ann', senderId: 'ann', content: 'text 3', at: 1_000 })
  judge.acked('m3', { messageId: 'id3', conversationId: 'elsewhere', seq: 3 }, 1_005)
  judge.heard('bob', message(3), 1_010)
  judge.sent(stream, { id: 'm4', sender: 'ann', senderId: 'ann', content: 'text 4', at: 1_000 })
  judge.refused('m4', 'RATE_LIMITED')
  judge.history(
    stream,
    [1, 2, 3, 4].map((n) => message(n)),
  )
  t.strictSame(judge.conclude(), found({ altered: 4, refused: 1 }))
})

test('misnumbered: a seq twice, a seq that changes, a hole, an order that contradicts the sender', async (t) => {
  const twice = conversation({ messages: 1 })
  twice.judge.heard('bob', message(1), 1_010)
  twice.judge.sent(twice.stream, { id: 'm2', sender: 'ann', senderId: 'ann', content: 'text 2', at: 1_000 })
  twice.judge.acked('m2', { messageId: 'id2', conversationId: 'c', seq: 1 }, 1_005)
  t.equal(twice.judge.found.misnumbered, 1)

  const changed = conversation({ messages: 1 })
  changed.judge.heard('bob', message(1, { seq: 2 }), 1_010)
  t.ok(changed.judge.found.misnumbered > 0)

  const { judge, stream } = conversation({ messages: 0 })
  for (const [n, seq] of [
    [1, 2],
    [2, 1],
    [3, 5],
  ] as const) {
    judge.sent(stream, { id: `m${n}`, sender: 'ann', senderId: 'ann', content: `text ${n}`, at: 1_000 })
    judge.acked(`m${n}`, { messageId: `id${n}`, conversationId: 'c', seq }, 1_005)
    judge.heard('bob', message(n, { seq }), 1_010)
  }
  t.strictSame(judge.conclude(), found({ misnumbered: 3 }), 'two holes and one inversion')
})

test('refused and unanswered: nobody must hear them, and that they failed is counted', async (t) => {
  const { judge, stream } = conversation({ messages: 0 })
  for (const id of ['m1', 'm2', 'm3']) {
    judge.sent(stream, { id, sender: 'ann', senderId: 'ann', content: id, at: 1_000 })
  }
  t.strictSame([judge.awaited, judge.waitingForAck], [3, 3])
  judge.refused('m1', 'RATE_LIMITED')
  judge.unanswered('m2')
  t.strictSame([judge.awaited, judge.waitingForAck], [1, 1])
  t.strictSame(judge.conclude(), found({ refused: 1, unanswered: 2 }), 'one was still waiting at the end')
  t.equal(judge.awaited, 0)
})

test('refused for now: it may be there all the same', async (t) => {
  const { judge, stream } = conversation({ messages: 0 })
  judge.sent(stream, { id: 'm1', sender: 'ann', senderId: 'ann', content: 'text 1', at: 1_000 })
  judge.refused('m1', 'RETRY_LATER', { mayBeThere: true })
  judge.heard('bob', message(1), 1_010)
  judge.history(stream, [message(1)])
  t.strictSame(judge.conclude(), found({ refused: 1 }))
})

test('who got no answer is not said to have lost anything', async (t) => {
  const { judge } = conversation({ messages: 2 })
  judge.heard('bob', message(1), 1_010)
  const unasked = judge.missing()
  t.match(unasked, [{ device: 'bob' }])
  t.strictSame(judge.conclude({ unasked }), found({}))
})

test('in flight: sent, and not acknowledged yet', async (t) => {
  const { judge, stream } = conversation({ messages: 0 })
  const ids = ['m1', 'm2', 'm3', 'm4']
  for (const [i, id] of ids.entries())
    judge.sent(stream, { id, sender: 'ann', senderId: 'ann', content: id, at: 1_000 + 10 * i })
  judge.acked('m2', { messageId: 'id2', conversationId: 'c', seq: 2 }, 1_025)
  judge.acked('m1', { messageId: 'id1', conversationId: 'c', seq: 1 }, 1_015)
  t.strictSame(judge.inFlight(ids), { most: 2, firstAckAt: 1_015 })
  t.strictSame(judge.inFlight([]), { most: 0, firstAckAt: undefined })
})

test('one in a thousand is found', async (t) => {
  for (const fault of ['lost', 'doubled', 'reordered', 'leaked'] as const) {
    const { judge } = conversation({ messages: 1_000 })
    const order = Array.from({ length: 1_000 }, (_, i) => i + 1)
    if (fault === 'lost') order.splice(500, 1)
    if (fault === 'doubled') order.splice(500, 0, 500)
    if (fault === 'reordered') order.splice(500, 2, 502, 501)
    for (const n of order) judge.heard('bob', message(n), 1_010)
    if (fault === 'leaked') judge.heard('eve', message(500), 1_010)
    t.strictSame(judge.conclude(), found({ [fault]: 1 }), fault)
  }
})
