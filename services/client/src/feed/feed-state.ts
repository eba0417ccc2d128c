import type { Change, Message, SyncedConversation } from '@earshot/protocol'

/** How far an application has been told of a conversation. Store it, and nothing is told twice or left out. */
export interface FeedPosition {
  seq: number
  /** Absent: whatever was changed before now is in the messages already. */
  changeSeq?: number
}

/** What is known of one conversation: pure data, a new state follows from an old one and what was heard. */
export interface FeedState {
  /** Everything up to here was told. */
  readonly seq: number
  readonly changeSeq: number | undefined
  /** Heard, and not to be told before what comes earlier; ascending. */
  readonly messages: readonly Message[]
  readonly changes: readonly Change[]
}

/** What may be told now, in this order: the messages, then the changes. */
export interface Told {
  state: FeedState
  messages: readonly Message[]
  changes: readonly Change[]
}

export function feedFrom({ seq, changeSeq }: FeedPosition): FeedState {
  return { seq, changeSeq, messages: [], changes: [] }
}

export function heardMessage(state: FeedState, message: Message): Told {
  if (message.seq <= state.seq) return nothing(state)
  return settle({ ...state, messages: insert(state.messages, message, (m) => m.seq) })
}

export function heardChange(state: FeedState, change: Change): Told {
  // The first one that is heard where nobody asked for a number to start from.
  const changeSeq = state.changeSeq ?? change.changeSeq - 1
  if (change.changeSeq <= changeSeq) return nothing(state)
  return settle({ ...state, changeSeq, changes: insert(state.changes, change, (c) => c.changeSeq) })
}

/** `sync` is authoritative: what its answer leaves out, up to where it goes, does not exist. */
export function synced(state: FeedState, answer: SyncedConversation): Told {
  const messages = answer.messages.reduce(
    (all, message) => (message.seq > state.seq ? insert(all, message, (m) => m.seq) : all),
    state.messages,
  )
  const start = state.changeSeq ?? answer.headChangeSeq
  const changes = [...state.changes, ...answer.changes]
    .filter(({ changeSeq }) => changeSeq > start)
    .reduce<readonly Change[]>((all, change) => insert(all, change, (c) => c.changeSeq), [])
  const upTo = answer.complete ? answer.headSeq : (answer.messages.at(-1)?.seq ?? 0)
  const changesUpTo = answer.complete ? answer.headChangeSeq : (answer.changes.at(-1)?.changeSeq ?? 0)
  return settle({ ...state, changeSeq: start, messages, changes }, upTo, changesUpTo)
}

/** Whether something is known to exist that was not told: `sync` finds it. */
export function isBehind({ messages, changes }: FeedState): boolean {
  return messages.length > 0 || changes.length > 0
}

export function positionOf({ seq, changeSeq }: FeedState): FeedPosition {
  return changeSeq === undefined ? { seq } : { seq, changeSeq }
}

/** Tells what follows without a gap. Up to the given numbers, gaps are known to be none. */
function settle(state: FeedState, seqUpTo = 0, changesUpTo = 0): Told {
  const said = run(state.messages, state.seq, seqUpTo, (m) => m.seq)
  const changed = run(state.changes, state.changeSeq ?? 0, changesUpTo, (c) => c.changeSeq)
  // A change of a message that is not told yet waits for it.
  const early = changed.ready.findIndex(({ seq }) => seq > said.upTo)
  const changes = early < 0 ? changed.ready : changed.ready.slice(0, early)
  const held = early < 0 ? [] : changed.ready.slice(early)
  const changeSeq = early < 0 ? changed.upTo : (held[0]?.changeSeq ?? 1) - 1
  return {
    state: {
      seq: said.upTo,
      changeSeq: state.changeSeq === undefined ? undefined : changeSeq,
      messages: said.rest,
      changes: [...held, ...changed.rest],
    },
    messages: said.ready,
    changes,
  }
}

function run<T>(items: readonly T[], from: number, knownUpTo: number, place: (item: T) => number) {
  let upTo = from
  let count = 0
  for (const item of items) {
    if (place(item) > Math.max(upTo, knownUpTo) + 1) break
    upTo = place(item)
    count++
  }
  return { ready: items.slice(0, count), rest: items.slice(count), upTo: Math.max(upTo, knownUpTo) }
}

/** In its place; what is there already stays. */
function insert<T>(items: readonly T[], item: T, place: (item: T) => number): readonly T[] {
  const at = items.findIndex((other) => place(other) >= place(item))
  if (at < 0) return [...items, item]
  return place(items[at] as T) === place(item) ? items : items.toSpliced(at, 0, item)
}

function nothing(state: FeedState): Told {
  return { state, messages: [], changes: [] }
}
