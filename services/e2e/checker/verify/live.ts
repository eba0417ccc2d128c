import { directMembers } from '@earshot/protocol'
import type { Call, Entry, Link, Stamp } from '../record.ts'
import type { Evidence } from './evidence.ts'
import type { Violation } from './violation.ts'

/**
 * Live delivery. Nobody promises it under faults, there `sync` is the promise; but it comes back. Where nothing is done
 * to the servers, a socket that is up hears all that is said from then on.
 */
export function verifyLive(evidence: Evidence): Violation[] {
  const rest = evidence.entries.find(
    (entry) => entry.kind === 'mark' && (entry.name === 'heard' || entry.name === 'not heard'),
  )
  if (rest?.kind !== 'mark') return []
  const silent: Violation[] =
    rest.name === 'heard'
      ? []
      : [
          {
            invariant: 4,
            what: 'live delivery did not come back',
            actors: [],
            detail: 'the last words were not heard by all who were connected, however often they were said',
            proof: [rest],
            about: [],
          },
        ]
  return evidence.hadFaults ? silent : [...silent, ...unheard(evidence, rest.at)]
}

interface Connection {
  device: string
  user: string
  connection: number
  up: Stamp
  down: Stamp | undefined
  /** Message ids. */
  heard: Set<string>
  /** Conversations asked for by `sync`, each with the moments of the answers. */
  synced: Map<string, Stamp[]>
}

/** What a socket should have heard and has not. */
function unheard({ entries, attempts, membership }: Evidence, rest: Stamp): Violation[] {
  const stable = connectionsOf(entries).filter(({ down }) => !down || down.index > rest.index)
  const said = new Map<string, { call: Call; conversationId: string; senders: Set<string> }>()
  for (const { ack, call } of attempts) {
    if (!ack || !call.end || call.end.index > rest.index) continue
    const known = said.get(ack._id) ?? {
      call,
      conversationId: ack.conversationId,
      senders: new Set<string>(),
    }
    known.senders.add(`${call.device} ${call.connection}`)
    said.set(ack._id, known)
  }
  return [...said].flatMap(([id, { call, conversationId, senders }]) =>
    stable.flatMap((line): Violation[] => {
      const { device, user, connection, up } = line
      if (up.index > call.at.index || line.heard.has(id)) return []
      // Who sends it one to one has the ack.
      if (directMembers(conversationId) && senders.has(`${device} ${connection}`)) return []
      const since = membership.inSince(conversationId, user, call.at, rest)
      if (!since || !listens(line, conversationId, since, call.at)) return []
      return [
        {
          invariant: 4,
          what: 'not delivered live to a socket that was up',
          actors: [device],
          detail: `${id} of ${conversationId}`,
          proof: [call],
          about: [id],
        },
      ]
    }),
  )
}

/** Subscribed: connected as a member, or asked by `sync` as the contract has it for those who have just joined. */
function listens({ up, synced }: Connection, conversationId: string, since: Stamp, at: Stamp): boolean {
  if (since.index < up.index) return true
  const answers = synced.get(conversationId) ?? []
  return answers.some(({ index }) => index > since.index && index < at.index)
}

function connectionsOf(entries: readonly Entry[]): Connection[] {
  const connections = new Map<string, Connection>()
  for (const entry of entries) {
    if (entry.kind === 'probe' || entry.kind === 'mark') continue
    const id = `${entry.device} ${entry.connection}`
    if (entry.kind === 'link') noteLink(connections, id, entry)
    const known = connections.get(id)
    if (!known) continue
    if (entry.kind === 'heard') known.heard.add(String((entry.payload as { _id?: string })._id))
    if (entry.kind === 'call' && entry.name === 'sync' && entry.answer?.ok && entry.end) {
      for (const conversationId of Object.keys(entry.answer.conversations as object)) {
        const stamps = known.synced.get(conversationId) ?? []
        known.synced.set(conversationId, stamps)
        stamps.push(entry.end)
      }
    }
  }
  return [...connections.values()]
}

function noteLink(connections: Map<string, Connection>, id: string, { state, at, ...line }: Link): void {
  const known = connections.get(id)
  if (state === 'up') {
    const { device, user, connection } = line
    connections.set(id, {
      device,
      user,
      connection,
      up: at,
      down: undefined,
      heard: new Set(),
      synced: new Map(),
    })
  } else if (known) known.down = at
}
