import type { Attempt } from './attempt.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

/** Invariant 2: the same key makes one message, and its answer is always the first one's. */
export function verifyOnce(evidence: Evidence): Violation[] {
  return [...keys(evidence), ...storedOnce(evidence), ...saidBySomebody(evidence), ...shownOnce(evidence)]
}

function keys({ attempts }: Evidence): Violation[] {
  const keyed = attempts.filter(({ key }) => key !== undefined)
  const byKey = Map.groupBy(keyed, ({ sender, key }) => `${sender}: ${key}`)
  return [...byKey.values()].flatMap(oneKey)
}

function oneKey(attempts: Attempt[]): Violation[] {
  const [first] = attempts
  if (!first) return []
  const fail = (what: string, detail: string): Violation[] => [
    {
      invariant: 2,
      what,
      actors: [first.sender],
      detail: `key "${first.key}": ${detail}`,
      proof: attempts.map(({ call }) => call),
      about: [first.key ?? ''],
    },
  ]
  const acked = attempts.filter(({ ack }) => ack)
  const acks = new Set(answers(acked))
  if (acks.size > 1) return fail('one key, several answers', [...acks].join(' | '))
  const words = new Set(acked.map((attempt) => attempt.words))
  if (words.size > 1) return fail('one key, several contents', [...words].join(' | '))
  const conflicts = attempts.filter(({ refusedAs }) => refusedAs === 'CONFLICT')
  const wrong = conflicts.find((attempt) => words.has(attempt.words))
  if (wrong) return fail('a message is in conflict with itself', wrong.words)
  if (conflicts.length > 0 && new Set(attempts.map((attempt) => attempt.words)).size === 1) {
    return fail('a conflict with nothing', first.words)
  }
  return []
}

function answers(attempts: Attempt[]): string[] {
  return attempts.map(({ ack }) => [ack?._id, ack?.conversationId, ack?.seq, ack?.createdAt].join(' '))
}

/** In MongoDB nothing is there twice: neither a key of a sender nor words that were said once. */
function storedOnce({ truth }: Evidence): Violation[] {
  const all = [...truth.values()].flat().filter(({ isVoid }) => !isVoid)
  const byKey = Map.groupBy(
    all.filter(({ clientMessageId }) => clientMessageId !== undefined),
    ({ senderId, clientMessageId }) => `key "${clientMessageId}" of ${senderId}`,
  )
  const byWords = Map.groupBy(
    all.filter(({ content, sha256 }) => sha256 !== undefined || content !== ''),
    ({ content, sha256 }) => `"${sha256 ?? content}"`,
  )
  return [...byKey, ...byWords].flatMap(([name, stored]): Violation[] => {
    if (stored.length === 1) return []
    const detail = `${name}: ${stored.map(({ _id, seq }) => `${_id} at ${seq}`).join(', ')}`
    const actors = [...new Set(stored.map(({ senderId }) => senderId))]
    return [
      { invariant: 2, what: 'stored twice', actors, detail, proof: [], about: stored.map(({ _id }) => _id) },
    ]
  })
}

function saidBySomebody({ truth, attempts, entries }: Evidence): Violation[] {
  const said = new Set(attempts.map(({ words }) => words))
  for (const entry of entries) {
    if (entry.kind !== 'call' || entry.name !== 'edit_message') continue
    said.add((entry.payload as { content: string }).content)
  }
  return [...truth.values()].flat().flatMap((stored): Violation[] => {
    const words = stored.sha256 ?? stored.content
    // Deleted messages, and voice messages seen without MongoDB, have no words.
    if (stored.isVoid || words === '' || said.has(words)) return []
    const detail = JSON.stringify(stored)
    return [
      {
        invariant: 2,
        what: 'stored but said by nobody',
        actors: [stored.senderId],
        detail,
        proof: [],
        about: [stored._id],
      },
    ]
  })
}

/** Nobody's list has a message twice. */
function shownOnce({ devices }: Evidence): Violation[] {
  return devices.flatMap(({ name, views }) =>
    [...views].flatMap(([conversationId, view]) => {
      const byId = Map.groupBy(view.messages, ({ _id }) => _id)
      return [...byId.values()].flatMap((same): Violation[] => {
        if (same.length === 1) return []
        const detail = `${same[0]?._id} of ${conversationId} at ${same.map(({ seq }) => seq).join(', ')}`
        const about = same.map(({ _id }) => _id)
        return [
          { invariant: 2, what: 'one message twice in a list', actors: [name], detail, proof: [], about },
        ]
      })
    }),
  )
}
