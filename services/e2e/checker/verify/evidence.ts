import type { Change, Message, SyncedConversation } from '@earshot/protocol'
import type { View } from '../client-model.ts'
import type { Plan } from '../plan.ts'
import type { Call, Entry, Heard } from '../record.ts'
import type { Stored, Truth } from '../truth.ts'
import { type Attempt, attemptOf } from './attempt.ts'
import { Membership } from './membership.ts'

/** A message as a client got to see it. */
export interface Sighting {
  message: Message
  how: 'live' | 'sync' | 'page'
  user: string
  device: string
  entry: Heard | Call
}

/** What one `sync` said of one conversation; nothing, where one may not read. */
export interface Synced {
  call: Call
  conversationId: string
  from: { seq: number; changeSeq: number }
  answer: SyncedConversation | undefined
}

export interface Page {
  call: Call
  conversationId: string
  query: URLSearchParams
  messages: Message[]
}

/** A change as a client got to know it, or was told that it has made it. */
export interface ChangeSighting {
  change: Change
  user: string
  entry: Heard | Call
}

export interface DeviceAtEnd {
  name: string
  user: string
  /** Came at the end and read everything from the start. */
  isFresh: boolean
  views: ReadonlyMap<string, View>
}

/** What is given to be judged. */
export interface Given {
  plan: Plan
  users: string[]
  conversations: string[]
  entries: readonly Entry[]
  truth: Truth
  devices: DeviceAtEnd[]
}

/** The same, put in order. */
export interface Evidence extends Given {
  attempts: Attempt[]
  sightings: Sighting[]
  syncs: Synced[]
  pages: Page[]
  changes: ChangeSighting[]
  membership: Membership
  storedById: ReadonlyMap<string, Stored>
  hadFaults: boolean
}

const changeNames = new Set(['message_edited', 'message_deleted', 'message_reaction'])

export function gather(given: Given): Evidence {
  const evidence: Evidence = {
    ...given,
    attempts: [],
    sightings: [],
    syncs: [],
    pages: [],
    changes: [],
    membership: new Membership(given.entries),
    storedById: new Map([...given.truth.values()].flat().map((stored) => [stored._id, stored])),
    hadFaults: given.plan.faults.length > 0,
  }
  for (const entry of given.entries) {
    if (entry.kind === 'heard') noteHeard(evidence, entry)
    else if (entry.kind === 'call') noteCall(evidence, entry)
  }
  return evidence
}

function noteHeard({ sightings, changes }: Evidence, entry: Heard): void {
  const { event, payload, user, device } = entry
  if (/^new_.*message$/.test(event)) {
    sightings.push({ message: payload as Message, how: 'live', user, device, entry })
  } else if (changeNames.has(event)) {
    changes.push({ change: { type: event, ...(payload as object) } as Change, user, entry })
  }
}

function noteCall(evidence: Evidence, call: Call): void {
  const attempt = attemptOf(call)
  if (attempt) evidence.attempts.push(attempt)
  else if (call.name === 'sync') noteSync(evidence, call)
  else if (call.name === 'GET /chat/:id/messages') notePage(evidence, call)
}

function noteSync({ syncs, sightings, changes }: Evidence, call: Call): void {
  if (!call.answer?.ok) return
  const { user, device } = call
  const answers = call.answer.conversations as Record<string, SyncedConversation>
  const asked = (
    call.payload as { conversations: Record<string, number | { seq: number; changeSeq: number }> }
  ).conversations
  for (const [conversationId, position] of Object.entries(asked)) {
    const from = typeof position === 'number' ? { seq: position, changeSeq: 0 } : position
    const answer = answers[conversationId]
    syncs.push({ call, conversationId, from, answer })
    for (const message of answer?.messages ?? []) {
      sightings.push({ message, how: 'sync', user, device, entry: call })
    }
    for (const change of answer?.changes ?? []) changes.push({ change, user, entry: call })
  }
}

function notePage({ pages, sightings }: Evidence, call: Call): void {
  if (!call.answer?.ok) return
  const [path = '', search] = (call.payload as { path: string }).path.split('?')
  const messages = call.answer.messages as Message[]
  const conversationId = decodeURIComponent(path.split('/')[2] ?? '')
  pages.push({ call, conversationId, query: new URLSearchParams(search), messages })
  for (const message of messages) {
    sightings.push({ message, how: 'page', user: call.user, device: call.device, entry: call })
  }
}
