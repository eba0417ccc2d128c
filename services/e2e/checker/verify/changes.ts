import { isDeepStrictEqual } from 'node:util'
import type { Change } from '@earshot/protocol'
import { changeId, emptyView, type Shown, showMessage, shown } from '../client-model.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

/** Invariants 3 and 4 for edits, deletions and reactions: numbered densely, the same for all, applied once. */
export function verifyChanges(evidence: Evidence): Violation[] {
  return [
    ...sameForAll(evidence),
    ...ackedIsKept(evidence),
    ...allAtEnd(evidence),
    ...converged(evidence),
    ...deletedIsGone(evidence),
    ...editsOfDeletedAreGone(evidence),
  ]
}

function sameForAll({ changes }: Evidence): Violation[] {
  const first = new Map<string, (typeof changes)[number]>()
  return changes.flatMap((sighting): Violation[] => {
    const { change, user, entry } = sighting
    const place = `${change.conversationId} ${change.changeSeq}`
    const before = first.get(place)
    if (!before) {
      first.set(place, sighting)
      return []
    }
    if (isSame(before.change, change)) return []
    return [
      {
        invariant: 3,
        what: 'one number, two changes',
        actors: [before.user, user],
        detail: `${place}: ${JSON.stringify(before.change)} | ${JSON.stringify(change)}`,
        proof: [before.entry, entry],
        about: [before.change.messageId, change.messageId],
      },
    ]
  })
}

/** An edit of a message that was deleted since says nothing any more. */
function isSame(one: Change, other: Change): boolean {
  if (changeId(one) !== changeId(other)) return false
  if (one.type !== 'message_edited' || other.type !== 'message_edited') return true
  return one.content === other.content || one.content === '' || other.content === ''
}

/** A change that was acknowledged is among those that one who reads all from the start is told of. */
function ackedIsKept({ entries, devices, membership }: Evidence): Violation[] {
  const end = entries.at(-1)?.at
  return entries.flatMap((entry): Violation[] => {
    if (!end || entry.kind !== 'call' || !entry.answer?.ok) return []
    if (!['edit_message', 'delete_message', 'react'].includes(entry.name)) return []
    const { messageId, conversationId, changeSeq } = entry.answer as unknown as {
      messageId: string
      conversationId: string
      changeSeq: number
    }
    if (changeSeq === 0) return []
    const reader = devices.find(
      ({ isFresh, user }) => isFresh && membership.isIn(conversationId, user, end, end),
    )
    if (!reader) return []
    const kept = reader.views.get(conversationId)?.changes.find((change) => change.changeSeq === changeSeq)
    const names = {
      edit_message: 'message_edited',
      delete_message: 'message_deleted',
      react: 'message_reaction',
    }
    if (kept?.messageId === messageId && kept.type === names[entry.name as keyof typeof names]) return []
    return [
      {
        invariant: 1,
        what: 'a change was acked but is not kept',
        actors: [entry.user, reader.name],
        detail: `${conversationId} ${changeSeq}: ${kept ? changeId(kept) : 'nothing'}`,
        proof: [entry],
        about: [messageId],
      },
    ]
  })
}

/** In the end every member knows all changes that anybody knows. Numbers that nobody knows are closed holes. */
function allAtEnd({ devices, membership, conversations, entries }: Evidence): Violation[] {
  const end = entries.at(-1)?.at
  if (!end) return []
  return conversations.flatMap((conversationId) => {
    const members = devices.filter(({ user }) => membership.isIn(conversationId, user, end, end))
    const known = members.map(({ name, views }) => {
      const { changes } = views.get(conversationId) ?? emptyView
      return { name, numbers: new Set(changes.map(({ changeSeq }) => changeSeq)) }
    })
    const all = [...new Set(known.flatMap(({ numbers }) => [...numbers]))].sort((a, b) => a - b)
    return known.flatMap(({ name, numbers }): Violation[] => {
      const missing = all.filter((changeSeq) => !numbers.has(changeSeq))
      if (missing.length === 0) return []
      const detail = `${conversationId}: ${missing.slice(0, 10).join(', ')} of ${all.length}`
      return [{ invariant: 4, what: 'changes are missing', actors: [name], detail, proof: [], about: [] }]
    })
  })
}

/** Who was there and applied each change shows the same as who comes new and is told how things are. */
function converged({ devices, conversations, membership, entries }: Evidence): Violation[] {
  const end = entries.at(-1)?.at
  if (!end) return []
  return conversations.flatMap((conversationId) => {
    const members = devices.filter(({ user }) => membership.isIn(conversationId, user, end, end))
    const reader = members.find(({ isFresh }) => isFresh)
    if (!reader) return []
    const told = (reader.views.get(conversationId) ?? emptyView).messages.map(showMessage)
    const byId = new Map(told.map((message) => [message._id, message]))
    return members.flatMap(({ name, views }) =>
      shown(views.get(conversationId) ?? emptyView).flatMap((message): Violation[] => {
        const other = byId.get(message._id)
        // What one of them lacks altogether is told elsewhere.
        if (!other || isDeepStrictEqual(other, message)) return []
        return [
          {
            invariant: 3,
            what: 'two clients show one message differently',
            actors: [name, reader.name],
            detail: `${conversationId}: ${difference(message, other)}`,
            proof: [],
            about: [message._id],
          },
        ]
      }),
    )
  })
}

function difference(a: Shown, b: Shown): string {
  return `${JSON.stringify(a)} | ${JSON.stringify(b)}`
}

/** When each deletion was acknowledged, by message. */
function deletions({ entries }: Evidence): Map<string, number> {
  const goneAt = new Map<string, number>()
  for (const entry of entries) {
    if (entry.kind !== 'call' || entry.name !== 'delete_message' || !entry.answer?.ok || !entry.end) continue
    const { messageId } = entry.payload as { messageId: string }
    goneAt.set(messageId, Math.min(goneAt.get(messageId) ?? Number.POSITIVE_INFINITY, entry.end.index))
  }
  return goneAt
}

/** The same for what it said after edits, which `sync` tells from the log. */
function editsOfDeletedAreGone(evidence: Evidence): Violation[] {
  const goneAt = deletions(evidence)
  return evidence.changes.flatMap(({ change, user, entry }): Violation[] => {
    const gone = goneAt.get(change.messageId)
    if (change.type !== 'message_edited' || change.content === '' || gone === undefined) return []
    // As below: a live event may have been under way.
    if (entry.kind !== 'call' || entry.at.index < gone) return []
    return [
      {
        invariant: 5,
        what: 'an edit of a deleted message is still told',
        actors: [user],
        detail: JSON.stringify(change),
        proof: [entry],
        about: [change.messageId],
      },
    ]
  })
}

/** After a deletion was acknowledged nobody is shown what was deleted. */
function deletedIsGone(evidence: Evidence): Violation[] {
  const { sightings } = evidence
  const goneAt = deletions(evidence)
  return sightings.flatMap(({ message, entry, device, how }): Violation[] => {
    const gone = goneAt.get(message._id)
    // A live event may have been under way; an answer that was asked for later may not show it.
    if (gone === undefined || how === 'live' || entry.at.index < gone) return []
    if (message.deletedAt !== undefined && message.content === '' && !message.voiceMessage) return []
    return [
      {
        invariant: 5,
        what: 'a deleted message is still shown',
        actors: [device],
        detail: `${how}: ${JSON.stringify(message)}`,
        proof: [entry],
        about: [message._id],
      },
    ]
  })
}
