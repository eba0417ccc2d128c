import type { Call } from '../record.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

/** Invariant 3: one order, dense, the same for everybody, and in it what was said later comes later. */
export function verifyOrder(evidence: Evidence): Violation[] {
  return [...dense(evidence), ...oneEach(evidence), ...laterIsLater(evidence)]
}

function dense({ truth }: Evidence): Violation[] {
  return [...truth].flatMap(([conversationId, stored]) => {
    const found: Violation[] = []
    const fail = (what: string, detail: string, about: string[]) =>
      found.push({ invariant: 3, what, actors: [], detail: `${conversationId}: ${detail}`, proof: [], about })
    let last = 0
    for (const { seq, _id } of stored) {
      if (seq === last) fail('two messages in one place', `${seq}, the second ${_id}`, [_id])
      else if (seq !== last + 1) fail('a hole that nobody closed', `after ${last} comes ${seq}`, [_id])
      last = seq
    }
    return found
  })
}

/** Whoever saw something at a place saw the same. */
function oneEach({ sightings }: Evidence): Violation[] {
  const first = new Map<string, (typeof sightings)[number]>()
  return sightings.flatMap((sighting): Violation[] => {
    const { message, device, entry } = sighting
    const place = `${message.conversationId} ${message.seq}`
    const before = first.get(place)
    if (!before) {
      first.set(place, sighting)
      return []
    }
    if (before.message._id === message._id) return []
    return [
      {
        invariant: 3,
        what: 'clients see different messages in one place',
        actors: [before.device, device],
        detail: `${place}: ${before.message._id} and ${message._id}`,
        proof: [before.entry, entry],
        about: [before.message._id, message._id],
      },
    ]
  })
}

interface Said {
  id: string
  seq: number
  call: Call
  begun: number
  acked: number
}

/** Who sends after another's message was acknowledged comes after it. */
function laterIsLater({ attempts }: Evidence): Violation[] {
  const said = new Map<string, Said>()
  const begunOf = new Map<string, number>()
  for (const { words, call } of attempts) {
    if (!begunOf.has(words)) begunOf.set(words, call.at.index)
  }
  for (const { ack, call, words } of attempts) {
    if (!ack || !call.end) continue
    const known = said.get(ack._id)
    const begun = begunOf.get(words) ?? call.at.index
    if (!known) said.set(ack._id, { id: ack._id, seq: ack.seq, call, begun, acked: call.end.index })
    else known.acked = Math.min(known.acked, call.end.index)
  }
  const conversationOf = ({ call }: Said) => String(call.answer?.ok && call.answer.conversationId)
  return [...Map.groupBy(said.values(), conversationOf)].flatMap(([conversationId, all]) => {
    const byAck = all.toSorted((a, b) => a.acked - b.acked)
    let next = 0
    let highest: Said | undefined
    return all
      .toSorted((a, b) => a.begun - b.begun)
      .flatMap((later): Violation[] => {
        for (let earlier = byAck[next]; earlier && earlier.acked < later.begun; earlier = byAck[++next]) {
          if (!highest || earlier.seq > highest.seq) highest = earlier
        }
        if (!highest || highest.seq < later.seq) return []
        return [
          {
            invariant: 3,
            what: 'said later, placed earlier',
            actors: [highest.call.user, later.call.user],
            detail: `${conversationId}: ${later.seq} was begun after ${highest.seq} had been acknowledged`,
            proof: [highest.call, later.call],
            about: [highest.id, later.id],
          },
        ]
      })
  })
}
