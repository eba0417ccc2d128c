import type { Stored } from '../truth.ts'
import type { Evidence, Page, Synced } from './evidence.ts'
import { verifyLive } from './live.ts'
import type { Violation } from './violation.ts'

/** Invariant 4: nothing is missed, by whichever way a client asks. */
export function verifyMissed(evidence: Evidence): Violation[] {
  const ackedBefore = ackedHeads(evidence)
  return [
    ...listsAtEnd(evidence),
    ...evidence.syncs.flatMap((synced) => syncIsWhole(evidence, ackedBefore, synced)),
    ...evidence.pages.flatMap((page) => pageIsWhole(evidence, ackedBefore, page)),
    ...verifyLive(evidence),
  ]
}

/** After the last `sync`, each list has everything. */
function listsAtEnd({ devices, truth, membership, entries }: Evidence): Violation[] {
  const end = entries.at(-1)?.at
  if (!end) return []
  return devices.flatMap(({ name, user, views }) =>
    [...truth].flatMap(([conversationId, stored]): Violation[] => {
      if (!membership.isIn(conversationId, user, end, end)) return []
      const has = new Set(views.get(conversationId)?.messages.map(({ _id }) => _id))
      const lost = stored.filter(({ isVoid, _id }) => !isVoid && !has.has(_id))
      if (lost.length === 0) return []
      const detail = `${conversationId}: ${describe(lost)} of ${stored.length}; known up to ${views.get(conversationId)?.seq}`
      return [
        {
          invariant: 4,
          what: 'lost',
          actors: [name],
          detail,
          proof: [],
          about: lost.slice(0, 3).map(({ _id }) => _id),
        },
      ]
    }),
  )
}

/** What an answer passes over, its asker will never ask for again. */
function syncIsWhole({ truth }: Evidence, ackedBefore: AckedHeads, synced: Synced): Violation[] {
  const { call, conversationId, from, answer } = synced
  if (!answer) return []
  const seqs = answer.messages.map(({ seq }) => seq)
  const upTo = answer.complete ? answer.headSeq : (seqs.at(-1) ?? from.seq)
  const fail = (what: string, detail: string, about: string[] = []): Violation[] => [
    {
      invariant: 4,
      what,
      actors: [call.device],
      detail: `${conversationId}: ${detail}`,
      proof: [call],
      about,
    },
  ]
  if (seqs.some((seq, i) => seq <= (seqs[i - 1] ?? from.seq))) {
    return fail('sync answers out of order', `from ${from.seq}: ${seqs.join(' ')}`)
  }
  const passed = between(truth.get(conversationId), from.seq + 1, upTo).filter(
    ({ seq }) => !seqs.includes(seq),
  )
  if (passed.length > 0) {
    return fail(
      'sync passed over messages',
      `from ${from.seq} to ${upTo}: ${describe(passed)}`,
      idsOf(passed),
    )
  }
  const acked = ackedBefore(conversationId, call.at.index)
  if (answer.complete && answer.headSeq < acked) {
    return fail(
      'sync says it is complete and is behind',
      `to ${answer.headSeq}, ${acked} was acknowledged before`,
    )
  }
  return []
}

/** A page shows what there is between its ends: a reader cannot tell a hole from a message that never was. */
function pageIsWhole({ truth }: Evidence, ackedBefore: AckedHeads, page: Page): Violation[] {
  const { call, conversationId, query, messages } = page
  const seqs = messages.map(({ seq }) => seq)
  const after = query.get('afterSeq')
  const before = query.get('beforeSeq')
  const from = after === null ? seqs[0] : Number(after) + 1
  const to = before === null ? seqs.at(-1) : Number(before) - 1
  const fail = (what: string, detail: string, about: string[] = []): Violation[] => [
    {
      invariant: 4,
      what,
      actors: [call.device],
      detail: `${conversationId}: ${detail}`,
      proof: [call],
      about,
    },
  ]
  const isNewest = after === null && before === null
  const acked = ackedBefore(conversationId, call.at.index)
  if (isNewest && (seqs.at(-1) ?? 0) < acked) {
    return fail('the newest page is behind', `to ${seqs.at(-1)}, ${acked} was acknowledged before`)
  }
  if (from === undefined || to === undefined) return []
  const passed = between(truth.get(conversationId), from, to).filter(({ seq }) => !seqs.includes(seq))
  if (passed.length === 0) return []
  return fail(
    'a page passed over messages',
    `${query} from ${from} to ${to}: ${describe(passed)}`,
    idsOf(passed),
  )
}

type AckedHeads = (conversationId: string, before: number) => number

/** The highest `seq` that was acknowledged before a moment. */
function ackedHeads({ attempts }: Evidence): AckedHeads {
  const heads = new Map<string, { index: number; seq: number }[]>()
  const acked = attempts
    .flatMap(({ ack, call }) => (ack && call.end ? [{ ack, index: call.end.index }] : []))
    .sort((a, b) => a.index - b.index)
  for (const { ack, index } of acked) {
    const list = heads.get(ack.conversationId) ?? []
    heads.set(ack.conversationId, list)
    list.push({ index, seq: Math.max(ack.seq, list.at(-1)?.seq ?? 0) })
  }
  return (conversationId, before) =>
    heads.get(conversationId)?.findLast(({ index }) => index < before)?.seq ?? 0
}

function between(stored: readonly Stored[] = [], from: number, to: number): Stored[] {
  return stored.filter(({ seq, isVoid }) => seq >= from && seq <= to && !isVoid)
}

function describe(stored: Stored[]): string {
  const some = stored.slice(0, 5).map(({ seq, content }) => `${seq} "${content}"`)
  return `${some.join(', ')}${stored.length > 5 ? ` and ${stored.length - 5} more` : ''}`
}

function idsOf(stored: Stored[]): string[] {
  return stored.slice(0, 3).map(({ _id }) => _id)
}
