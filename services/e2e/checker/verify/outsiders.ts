import { directMembers } from '@earshot/protocol'
import type { Call, Entry, Heard, Stamp } from '../record.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

/** Invariant 5: only those who may, decided by the server: at hearing, at reading, at writing. */
export function verifyOutsiders(evidence: Evidence): Violation[] {
  return [heard, read, wrote, changed, mixedUp].flatMap((judge) => judge(evidence))
}

/** What answers another question was another's to know. */
function mixedUp({ attempts }: Evidence): Violation[] {
  return attempts
    .filter(({ isMixedUp }) => isMixedUp)
    .map(({ call, words }) => ({
      invariant: 5,
      what: 'the answer is to something else',
      actors: [call.device],
      detail: JSON.stringify(call.answer),
      proof: [call],
      about: [words],
    }))
}

/** What is certainly caused by something that was done after a member had gone. */
function heard(evidence: Evidence): Violation[] {
  const causes = causesOf(evidence)
  return evidence.entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'heard') return []
    const conversationId = conversationOf(entry)
    if (conversationId === undefined || isFarewell(entry)) return []
    const cause = causes(entry)
    const { membership } = evidence
    if (!membership.isOut(conversationId, entry.user, cause)) return []
    if (!membership.isOut(conversationId, entry.user, entry.at)) return []
    const id = idOf(entry)
    return [
      {
        invariant: 5,
        what: `an outsider hears ${entry.event}`,
        actors: [entry.device],
        detail: `${id} of ${conversationId}`,
        proof: [...membersStory(evidence.entries, conversationId, entry), entry],
        about: [id],
      },
    ]
  })
}

/** The last thing that was done before and can have led to an event. */
function causesOf({ attempts, entries }: Evidence): (heard: Heard) => Stamp {
  const doings = new Map<string, Stamp[]>()
  const note = (id: string, at: Stamp) => {
    const stamps = doings.get(id) ?? []
    doings.set(id, stamps)
    stamps.push(at)
  }
  for (const { ack, call } of attempts) if (ack) note(ack._id, call.at)
  for (const entry of entries) {
    if (entry.kind !== 'call' || !['edit_message', 'delete_message', 'react'].includes(entry.name)) continue
    note((entry.payload as { messageId: string }).messageId, entry.at)
  }
  return (entry) => doings.get(idOf(entry))?.findLast(({ index }) => index < entry.at.index) ?? entry.at
}

function conversationOf({ payload }: Heard): string | undefined {
  return (payload as { conversationId?: string } | undefined)?.conversationId
}

function idOf({ payload }: Heard): string {
  const { _id, messageId } = payload as { _id?: string; messageId?: string }
  return _id ?? messageId ?? ''
}

/** One who is removed is told so, and one who is added may be told before the answer to who added them. */
function isFarewell({ event, payload, user }: Heard): boolean {
  if (event === 'group_created' || event === 'group_updated') return true
  return event.startsWith('group_member_') && (payload as { userId: string }).userId === user
}

/** The last changes of a membership. */
function membersStory(entries: readonly Entry[], groupId: string, { user, at }: Heard | Call): Entry[] {
  if (directMembers(groupId)) return []
  const path = `/group/${groupId}/members/${encodeURIComponent(user)}`
  return entries
    .filter(
      (entry) =>
        entry.kind === 'call' &&
        entry.at.index < at.index &&
        (entry.payload as { path?: string } | undefined)?.path === path,
    )
    .slice(-3)
}

function isOutThroughout({ membership }: Evidence, conversationId: string, call: Call): boolean {
  return (
    call.end !== undefined &&
    membership.isOut(conversationId, call.user, call.at) &&
    membership.isOut(conversationId, call.user, call.end)
  )
}

function read(evidence: Evidence): Violation[] {
  const reads = [
    ...evidence.syncs
      .filter(({ answer }) => answer)
      .map(({ call, conversationId }) => ({ call, conversationId, how: 'by sync' })),
    ...evidence.pages.map(({ call, conversationId }) => ({ call, conversationId, how: 'the history' })),
  ]
  return reads.flatMap(({ call, conversationId, how }): Violation[] => {
    if (!isOutThroughout(evidence, conversationId, call)) return []
    return [
      {
        invariant: 5,
        what: `an outsider reads ${how}`,
        actors: [call.device],
        detail: `${conversationId}, on node ${call.node}`,
        proof: [...membersStory(evidence.entries, conversationId, call), call],
        about: [],
      },
    ]
  })
}

function wrote(evidence: Evidence): Violation[] {
  // What was said in time and is sent again gets the answer that it had.
  const saidInTime = new Set(
    evidence.attempts
      .filter(({ call, conversationId }) => !isOutThroughout(evidence, conversationId, call))
      .map(({ words }) => words),
  )
  return evidence.attempts.flatMap(({ ack, call, conversationId, words }): Violation[] => {
    if (!ack || saidInTime.has(words) || !isOutThroughout(evidence, conversationId, call)) return []
    return [
      {
        invariant: 5,
        what: 'an outsider writes',
        actors: [call.device],
        detail: `${ack._id} to ${conversationId}, on node ${call.node}`,
        proof: [...membersStory(evidence.entries, conversationId, call), call],
        about: [ack._id],
      },
    ]
  })
}

/** Edits and deletions are for the sender, reactions for who may read. */
function changed(evidence: Evidence): Violation[] {
  return evidence.entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'call' || !entry.answer?.ok) return []
    const { messageId = '' } = (entry.payload ?? {}) as { messageId?: string }
    const stored = evidence.storedById.get(messageId)
    if (!stored) return []
    const isOwners = entry.name === 'edit_message' || entry.name === 'delete_message'
    const isForeign = isOwners && stored.senderId !== entry.user
    const isOutside = entry.name === 'react' && isOutThroughout(evidence, stored.conversationId, entry)
    if (!isForeign && !isOutside) return []
    return [
      {
        invariant: 5,
        what: `${entry.name} by one who may not`,
        actors: [entry.user],
        detail: `${messageId} of ${stored.senderId}`,
        proof: [entry],
        about: [messageId],
      },
    ]
  })
}
