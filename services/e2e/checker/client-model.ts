import type { Change, Message, SyncedConversation } from '@earshot/protocol'

/**
 * What a client that follows the contract knows of a conversation. Values, never changed in place: a new view follows
 * from an old one and what was heard.
 */
export interface View {
  /** Everything up to this `seq` is known; `sync` is asked from here. */
  readonly seq: number
  /** By `seq`. Two of one `seq` are both kept, for the verifier to see. */
  readonly messages: readonly Message[]
  /** Everything up to this `changeSeq` is known. */
  readonly changeSeq: number
  /** By `changeSeq`. */
  readonly changes: readonly Change[]
}

export const emptyView: View = { seq: 0, messages: [], changeSeq: 0, changes: [] }

/** A message that came live, or was sent by oneself and acknowledged. */
export function applyMessage(view: View, message: Message): View {
  const messages = inserted(
    view.messages,
    message,
    (m) => m.seq,
    (m) => m._id,
  )
  return messages === view.messages
    ? view
    : { ...view, messages, seq: dense(view.seq, messages, (m) => m.seq) }
}

/** A change that came live. */
export function applyChange(view: View, change: Change): View {
  const changes = inserted(view.changes, change, (c) => c.changeSeq, changeId)
  if (changes === view.changes) return view
  return { ...view, changes, changeSeq: dense(view.changeSeq, changes, (c) => c.changeSeq) }
}

/** An answer of `sync`: what it does not have up to where it goes, does not exist. */
export function applySync(view: View, answer: SyncedConversation): View {
  let next = view
  for (const message of answer.messages) next = applyMessage(next, message)
  for (const change of answer.changes) next = applyChange(next, change)
  const seq = Math.max(next.seq, answer.complete ? answer.headSeq : (answer.messages.at(-1)?.seq ?? 0))
  const changeSeq = Math.max(
    next.changeSeq,
    answer.complete ? answer.headChangeSeq : (answer.changes.at(-1)?.changeSeq ?? 0),
  )
  return {
    ...next,
    seq: dense(seq, next.messages, (m) => m.seq),
    changeSeq: dense(changeSeq, next.changes, (c) => c.changeSeq),
  }
}

/** Whether something is known to be missing, so that a client should ask `sync`. */
export function hasGap(view: View): boolean {
  return (view.messages.at(-1)?.seq ?? 0) > view.seq || (view.changes.at(-1)?.changeSeq ?? 0) > view.changeSeq
}

/** A message as it looks with changes made, each once, in their order. */
export interface Shown {
  _id: string
  seq: number
  sender: string
  content: string
  isDeleted: boolean
  /** `<emoji> <userId>`, sorted. */
  reactions: string[]
}

/** The list as the user sees it. */
export function shown(view: View): Shown[] {
  const changesOf = Map.groupBy(view.changes, ({ messageId }) => messageId)
  return view.messages.map((message) => {
    const first = showMessage(message)
    return (changesOf.get(message._id) ?? []).reduce(changed, first)
  })
}

export function showMessage(message: Message): Shown {
  return {
    _id: message._id,
    seq: message.seq,
    sender: message.sender._id,
    content: message.content,
    isDeleted: message.deletedAt !== undefined,
    reactions: (message.reactions ?? [])
      .flatMap(({ emoji, userIds }) => userIds.map((userId) => `${emoji} ${userId}`))
      .sort(),
  }
}

function changed(message: Shown, change: Change): Shown {
  switch (change.type) {
    case 'message_deleted':
      return { ...message, content: '', isDeleted: true, reactions: [] }
    case 'message_edited':
      return message.isDeleted ? message : { ...message, content: change.content }
    case 'message_reaction': {
      if (message.isDeleted) return message
      const reaction = `${change.emoji} ${change.userId}`
      const others = message.reactions.filter((other) => other !== reaction)
      return { ...message, reactions: change.remove ? others : [...others, reaction].sort() }
    }
  }
}

/** Says what a change does: two of one number must say the same. Not what an edit says, which goes with its message. */
export function changeId(change: Change): string {
  const { type, messageId } = change
  if (type === 'message_edited') return `${type} ${messageId}`
  if (type === 'message_deleted') return `${type} ${messageId}`
  return `${type} ${messageId} ${change.emoji} ${change.userId} ${change.remove}`
}

/** The list with the item in its place; the same list when it has it already. */
function inserted<T>(
  items: readonly T[],
  item: T,
  place: (item: T) => number,
  id: (item: T) => string,
): readonly T[] {
  let i = items.length
  for (; i > 0; i--) {
    const before = items[i - 1] as T
    if (place(before) < place(item)) break
    if (place(before) === place(item) && id(before) === id(item)) return items
  }
  return items.toSpliced(i, 0, item)
}

/** How far one gets from `start` without a step missing. */
function dense<T>(start: number, items: readonly T[], place: (item: T) => number): number {
  let end = start
  let i = items.length
  while (i > 0 && place(items[i - 1] as T) > start) i--
  for (; i < items.length; i++) {
    const at = place(items[i] as T)
    if (at > end + 1) break
    end = at
  }
  return end
}
