import { randomBytes } from 'node:crypto'
import type { Change, Message } from '@earshot/protocol'
import t from 'tap'
import { capabilitiesOf } from '../checker/capabilities.ts'
import {
  applyChange,
  applyMessage,
  applySync,
  emptyView,
  hasGap,
  shown,
  type View,
} from '../checker/client-model.ts'
import { OwnCluster } from '../checker/own-cluster.ts'
import { makePlan } from '../checker/plan.ts'
import { report, summary } from '../checker/report.ts'
import { runRound } from '../checker/round.ts'

const message = (seq: number, content = `text ${seq}`): Message => ({
  _id: `m${seq}`,
  conversationId: 'c',
  seq,
  sender: { _id: 'ann', name: 'Ann' },
  messageType: 'text',
  content,
  createdAt: '',
  status: 'sent',
})
const fields = (changeSeq: number, seq: number) => ({
  changeSeq,
  seq,
  messageId: `m${seq}`,
  conversationId: 'c',
})
const edited = (changeSeq: number, seq: number, content: string): Change => ({
  type: 'message_edited',
  ...fields(changeSeq, seq),
  content,
  editedAt: '',
})
const reacted = (changeSeq: number, seq: number, remove = false): Change => ({
  type: 'message_reaction',
  ...fields(changeSeq, seq),
  userId: 'bob',
  emoji: '👍',
  remove,
})
const deleted = (changeSeq: number, seq: number): Change => ({
  type: 'message_deleted',
  ...fields(changeSeq, seq),
  deletedAt: '',
})
const seqs = ({ messages }: View) => messages.map(({ seq }) => seq)
const answer = { messages: [], changes: [], headSeq: 0, headChangeSeq: 0, complete: true }

t.test('the model of a client: messages come in any order and are listed by seq', async (t) => {
  const first = applyMessage(emptyView, message(1))
  const third = applyMessage(first, message(3))
  t.same([third.seq, hasGap(third)], [1, true], 'a gap is seen')
  const all = applyMessage(third, message(2))
  t.same([all.seq, seqs(all), hasGap(all)], [3, [1, 2, 3], false])
  t.equal(applyMessage(all, message(2)), all, 'again is nothing new')
  t.same([emptyView.messages, seqs(first)], [[], [1]], 'earlier views are as they were')
  const twice = applyMessage(all, { ...message(2), _id: 'another' })
  t.same(seqs(twice), [1, 2, 2, 3], 'another message in the same place is kept, for the verifier')
})

t.test('the model of a client: what sync leaves out does not exist', async (t) => {
  const gap = applyMessage(applyMessage(emptyView, message(1)), message(4))
  const whole = applySync(gap, { ...answer, messages: [message(3)], headSeq: 3 })
  t.same([whole.seq, seqs(whole)], [4, [1, 3, 4]], '2 is a closed hole')
  const page = applySync(emptyView, {
    ...answer,
    messages: [message(1), message(2)],
    headSeq: 9,
    complete: false,
  })
  t.equal(page.seq, 2, 'a page goes as far as its last message')
  t.equal(applySync(whole, { ...answer, headSeq: 2 }).seq, 4, 'an answer that is late takes nothing back')
})

t.test('the model of a client: changes are applied once, by their numbers', async (t) => {
  const said = applyMessage(applyMessage(emptyView, message(1)), message(2))
  const late = [reacted(3, 1, true), edited(4, 2, 'new'), reacted(2, 1), edited(1, 2, 'old'), reacted(2, 1)]
  const view = late.reduce(applyChange, said)
  t.equal(view.changeSeq, 4)
  t.match(shown(view), [
    { content: 'text 1', reactions: [] },
    { content: 'new', isDeleted: false },
  ])
  const gone = [deleted(5, 2), edited(6, 2, 'again'), reacted(7, 2)].reduce(applyChange, view)
  t.match(shown(gone)[1], { content: '', isDeleted: true, reactions: [] })
  const early = applyMessage(applyChange(emptyView, edited(1, 1, 'changed')), message(1))
  t.match(shown(early), [{ content: 'changed' }], 'a change may come before its message')
})

t.test('the seed determines the plan', async (t) => {
  const capabilities = new Set(['edit', 'delete', 'react'] as const)
  const plan = (seed: number) =>
    makePlan({ seed, users: 8, nodes: 3, steps: 300, faults: true, capabilities })
  t.same(plan(7), plan(7))
  t.notSame(plan(7).steps, plan(8).steps)
})

t.test('random users on three nodes, judged by the record', async (t) => {
  const target = await OwnCluster.start({ nodes: 3, processes: false, faults: false })
  t.teardown(() => target.close())
  const capabilities = await capabilitiesOf(target, '')
  for (const seed of [1, 2, 3, randomBytes(4).readUInt32LE()]) {
    const options = { seed, users: 6, nodes: 3, steps: 150, faults: false, capabilities }
    const { evidence, violations } = await runRound(target, makePlan(options), `${seed}-`)
    t.comment(`seed ${seed}: ${summary(evidence)}`)
    if (violations.length > 0) {
      t.comment(report(evidence, violations))
      t.comment(
        `node_modules/.bin/node services/e2e/checker/main.ts --seed ${seed} --users 6 --steps 150 --in-process`,
      )
    }
    t.equal(violations.length, 0, `seed ${seed} finds nothing`)
  }
})
