import type { Message } from '@earshot/protocol'
import type { Call } from '../record.ts'
import type { Stored } from '../truth.ts'
import { sumOf } from './attempt.ts'
import type { Evidence, Sighting } from './evidence.ts'
import type { Violation } from './violation.ts'

/** Codes that say: nothing was kept. */
const nothingKept = new Set([
  'BAD_REQUEST',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'TOO_LARGE',
  'RATE_LIMITED',
  'RETRY_LATER',
])

/** Invariant 1: durable before acked and before seen, and what is stored is what was acked and seen. */
export function verifyStored(evidence: Evidence): Violation[] {
  return [
    ...ackedIsStored(evidence),
    ...seenIsStored(evidence),
    ...storedInTheMoment(evidence),
    ...refusedIsNotStored(evidence),
    ...settled(evidence),
    ...voiceIsPlayable(evidence),
  ]
}

function ackedIsStored(evidence: Evidence): Violation[] {
  return evidence.attempts.flatMap((attempt): Violation[] => {
    const { ack, sender, words, call } = attempt
    if (!ack) return []
    const fail = (what: string, detail: string): Violation[] => [
      { invariant: 1, what, actors: [sender], detail, proof: [call], about: [ack._id, words] },
    ]
    const stored = evidence.storedById.get(ack._id)
    if (!stored)
      return fail('acked but not stored', `${ack._id} "${words}" at ${ack.conversationId} ${ack.seq}`)
    const isSame =
      stored.seq === ack.seq &&
      stored.conversationId === ack.conversationId &&
      stored.conversationId === attempt.conversationId &&
      stored.senderId === sender &&
      stored.clientMessageId === attempt.key &&
      wordsFit(evidence, stored, words)
    return isSame ? [] : fail('stored is not what was acked', `"${words}" is ${JSON.stringify(stored)}`)
  })
}

function seenIsStored(evidence: Evidence): Violation[] {
  const found: Violation[] = []
  const known = new Set<string>()
  for (const sighting of evidence.sightings) {
    const { message, user, entry, how } = sighting
    const { _id, seq, conversationId, content } = message
    const id = `${_id} ${seq} ${content}`
    if (known.has(id)) continue
    known.add(id)
    const fail = (what: string, detail: string) =>
      found.push({ invariant: 1, what, actors: [user], detail, proof: [entry], about: [_id, content] })
    const stored = evidence.storedById.get(_id)
    if (!stored) fail('seen but not stored', `${how}: ${_id} "${content}" at ${conversationId} ${seq}`)
    else if (!isWhatIsStored(evidence, stored, sighting)) {
      fail(
        'seen is not what is stored',
        `${how}: ${JSON.stringify(message)}; stored: ${JSON.stringify(stored)}`,
      )
    }
  }
  return found
}

function isWhatIsStored(evidence: Evidence, stored: Stored, { message }: Sighting): boolean {
  return (
    stored.seq === message.seq &&
    stored.conversationId === message.conversationId &&
    stored.senderId === message.sender._id &&
    stored.messageType === message.messageType &&
    wordsFit(evidence, stored, wordsOf(message))
  )
}

/** A voice message's words are known where it carries them. */
function wordsOf({ voiceMessage, content }: Message): string | undefined {
  if (!voiceMessage) return content
  return voiceMessage.url.startsWith('data:') ? sumOf(voiceMessage.url) : undefined
}

/** What is stored may have been edited or deleted before or after: any of these words is right. */
function wordsFit(evidence: Evidence, stored: Stored, words: string | undefined): boolean {
  if (words === undefined) return true
  if (stored.messageType === 'voice') {
    // Deleted ones have no audio any more.
    return stored.sha256 === undefined || stored.sha256 === words || words === ''
  }
  if (stored.content === words) return true
  const ever = wordsEverOf(evidence, stored._id)
  return ever.has(words) && ever.has(stored.content)
}

const everOf = new WeakMap<Evidence, Map<string, Set<string>>>()

/** All that a message was ever meant to say. */
function wordsEverOf(evidence: Evidence, messageId: string): Set<string> {
  let all = everOf.get(evidence)
  if (!all) {
    all = new Map()
    const note = (id: string, words: string) => all?.set(id, (all.get(id) ?? new Set<string>()).add(words))
    for (const { ack, words } of evidence.attempts) if (ack) note(ack._id, words)
    for (const entry of evidence.entries) {
      if (entry.kind !== 'call') continue
      const { messageId: id, content } = (entry.payload ?? {}) as { messageId?: string; content?: string }
      if (entry.name === 'edit_message' && id && content) note(id, content)
      if (entry.name === 'delete_message' && id) note(id, '')
    }
    everOf.set(evidence, all)
  }
  return all.get(messageId) ?? new Set()
}

function storedInTheMoment({ entries }: Evidence): Violation[] {
  return entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'probe' || entry.isStored) return []
    const { messageId, because } = entry
    const what = `${because} before it was stored`
    return [{ invariant: 1, what, actors: [], detail: messageId, proof: [entry], about: [messageId] }]
  })
}

function refusedIsNotStored({ attempts, storedById }: Evidence): Violation[] {
  const perhaps = new Set(attempts.filter((a) => a.ack || !a.refusedAs).map(({ words }) => words))
  const kept = new Map([...storedById.values()].map((stored) => [stored.sha256 ?? stored.content, stored]))
  return attempts.flatMap(({ refusedAs, words, call, sender }): Violation[] => {
    const stored = kept.get(words)
    if (!refusedAs || !nothingKept.has(refusedAs) || perhaps.has(words) || !stored) return []
    // Its job is queued after it is stored: Redis may go away in between.
    if (refusedAs === 'RETRY_LATER' && stored.messageType === 'voice') return []
    const detail = `${refusedAs}, and yet ${JSON.stringify(stored)}`
    return [
      {
        invariant: 1,
        what: 'refused but stored',
        actors: [sender],
        detail,
        proof: [call],
        about: [words, stored._id],
      },
    ]
  })
}

function settled({ entries }: Evidence): Violation[] {
  return entries.flatMap((entry): Violation[] => {
    if (entry.kind !== 'mark' || entry.name !== 'never settled') return []
    const what = 'a send was never answered, however often it was tried'
    const key = (JSON.parse(entry.detail) as { clientMessageId: string }).clientMessageId
    return [{ invariant: 1, what, actors: [], detail: entry.detail, proof: [entry], about: [key] }]
  })
}

/** Invariant 7. */
function voiceIsPlayable({ entries, storedById, membership }: Evidence): Violation[] {
  const calls = entries.filter(
    (entry): entry is Call => entry.kind === 'call' && entry.name === 'GET /media/:id',
  )
  return calls.flatMap((call): Violation[] => {
    const { messageId } = call.payload as { messageId: string }
    const stored = storedById.get(messageId)
    if (!call.answer || !call.end || !stored) return []
    const fail = (what: string, detail: string): Violation[] => [
      { invariant: 7, what, actors: [call.user], detail, proof: [call], about: [messageId] },
    ]
    if (call.answer.ok) {
      const isSame = stored.sha256 === undefined || call.answer.sha256 === stored.sha256
      return isSame ? [] : fail('the audio is another', `${messageId} sounds ${call.answer.sha256}`)
    }
    if (!membership.isIn(stored.conversationId, call.user, call.at, call.end)) return []
    return fail('a voice message cannot be played', `${messageId}: ${call.answer.error.code}`)
  })
}
