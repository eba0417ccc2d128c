import type { Change, Message, Reaction, VoiceOutput } from '@earshot/protocol'

/**
 * What a client holds of one conversation: a window of its messages, ascending by `seq`, each once. Pure
 * functions: a list is never changed, and comes back as the same object when there was nothing to change.
 */
export interface MessageList {
  readonly messages: readonly Message[]
  /** The highest `seq` known to exist, though its message may not have arrived. */
  readonly headSeq: number
}

/** Messages that are missing: every `seq` after `afterSeq` and before `beforeSeq`. */
export interface Gap {
  afterSeq: number
  beforeSeq: number
}

export const emptyMessageList: MessageList = { messages: [], headSeq: 0 }

export function applyMessage(list: MessageList, message: Message): MessageList {
  const { messages } = list
  const index = insertionIndex(messages, message.seq)
  const known = messages[index]
  if (known?.seq === message.seq) return replaceAt(list, index, newerOf(known, message))
  return {
    messages: [...messages.slice(0, index), message, ...messages.slice(index)],
    headSeq: Math.max(list.headSeq, message.seq),
  }
}

export function applyMessages(list: MessageList, messages: readonly Message[], headSeq = 0): MessageList {
  const incoming = messages.toSorted((a, b) => a.seq - b.seq)
  const highest = Math.max(list.headSeq, headSeq, incoming.at(-1)?.seq ?? 0)
  const merged = merge(list.messages, incoming)
  return merged === list.messages && highest === list.headSeq ? list : { messages: merged, headSeq: highest }
}

/** Both ascending, in one pass: pages come into lists of many thousands. */
function merge(known: readonly Message[], incoming: readonly Message[]): readonly Message[] {
  const merged: Message[] = []
  let next = 0
  let isNew = false
  for (const message of incoming) {
    for (; (known[next]?.seq ?? Number.POSITIVE_INFINITY) <= message.seq; next++) {
      merged.push(known[next] as Message)
    }
    const same = merged.at(-1)?.seq === message.seq ? merged.pop() : undefined
    const newer = same ? newerOf(same, message) : message
    isNew ||= newer !== same
    merged.push(newer)
  }
  return isNew ? merged.concat(known.slice(next)) : known
}

/** The audio of a message has a new address; its text and place stay. */
export function applyVoice(list: MessageList, messageId: string, voiceMessage: VoiceOutput): MessageList {
  const index = list.messages.findIndex((message) => message._id === messageId)
  const known = list.messages[index]
  return known ? replaceAt(list, index, newerOf(known, { ...known, voiceMessage })) : list
}

/** Where one stopped in a voice message, in seconds; 0 when that is forgotten. */
export function applyPosition(list: MessageList, messageId: string, seconds: number): MessageList {
  const index = list.messages.findIndex((message) => message._id === messageId)
  const known = list.messages[index]
  if (!known?.voiceMessage || (known.voiceMessage.position ?? 0) === seconds) return list
  const { position: _before, ...voice } = known.voiceMessage
  const voiceMessage = seconds > 0 ? { ...voice, position: seconds } : voice
  return replaceAt(list, index, { ...known, voiceMessage })
}

/** An edit, a deletion or a reaction; of a message outside the window, nothing. */
export function applyChange(list: MessageList, change: Change): MessageList {
  const index = list.messages.findIndex((message) => message._id === change.messageId)
  const known = list.messages[index]
  return known ? replaceAt(list, index, changed(known, change)) : list
}

/** The message as it is after a change. */
export function changed(message: Message, change: Change): Message {
  if (message.deletedAt !== undefined) return message
  switch (change.type) {
    case 'message_edited':
      return { ...message, content: change.content, editedAt: change.editedAt }
    case 'message_deleted': {
      const { voiceMessage: _voice, file: _file, reactions: _reactions, editedAt: _at, ...rest } = message
      return { ...rest, content: '', deletedAt: change.deletedAt }
    }
    case 'message_reaction':
      return { ...message, reactions: withReaction(message.reactions ?? [], change) }
  }
}

function withReaction(
  reactions: readonly Reaction[],
  { emoji, userId, remove }: Extract<Change, { type: 'message_reaction' }>,
): Reaction[] {
  const known = reactions.find((reaction) => reaction.emoji === emoji)
  const others = (known?.userIds ?? []).filter((other) => other !== userId)
  const userIds = remove ? others : [...others, userId]
  if (!known) return remove ? [...reactions] : [...reactions, { emoji, userIds }]
  return reactions.flatMap((reaction) => {
    if (reaction !== known) return reaction
    return userIds.length > 0 ? { emoji, userIds } : []
  })
}

/** What is missing inside the window and after it. What lies before it is older history, not a gap. */
export function gapsOf({ messages, headSeq }: MessageList): Gap[] {
  const gaps: Gap[] = []
  const seqs = [...messages.map((message) => message.seq), headSeq + 1]
  for (const [index, seq] of seqs.entries()) {
    const previous = seqs[index - 1]
    if (previous !== undefined && seq > previous + 1) gaps.push({ afterSeq: previous, beforeSeq: seq })
  }
  return gaps
}

/** The last `seq` before the first gap: the position to `sync` from. 0 for a list without messages. */
export function contiguousSeq(list: MessageList): number {
  return gapsOf(list)[0]?.afterSeq ?? list.messages.at(-1)?.seq ?? 0
}

export function hasOlder({ messages, headSeq }: MessageList): boolean {
  const first = messages[0]
  return first ? first.seq > 1 : headSeq > 0
}

function insertionIndex(messages: readonly Message[], seq: number): number {
  let low = 0
  let high = messages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((messages[middle]?.seq ?? Number.POSITIVE_INFINITY) < seq) low = middle + 1
    else high = middle
  }
  return low
}

function newerOf(known: Message, incoming: Message): Message {
  const { voiceMessage } = incoming
  const newer =
    known.voiceMessage && voiceMessage
      ? { ...incoming, voiceMessage: laterVoice(known.voiceMessage, voiceMessage) }
      : incoming
  const same =
    newer.content === known.content &&
    newer.status === known.status &&
    newer.deletedAt === known.deletedAt &&
    JSON.stringify(newer.reactions) === JSON.stringify(known.reactions) &&
    isSameVoice(newer.voiceMessage, known.voiceMessage)
  return same ? known : newer
}

function isSameVoice(a: VoiceOutput | undefined, b: VoiceOutput | undefined): boolean {
  // The URL may be megabytes of audio: not to be copied for this.
  return a?.url === b?.url && JSON.stringify({ ...a, url: '' }) === JSON.stringify({ ...b, url: '' })
}

/** Events and pages overtake each other: audio goes from inline to stored to prepared, and never back. */
function laterVoice(known: VoiceOutput, incoming: VoiceOutput): VoiceOutput {
  const stage = ({ url, original }: VoiceOutput) => (url.startsWith('data:') ? 0 : original ? 2 : 1)
  const later = stage(incoming) < stage(known) ? known : incoming
  const waveform = later.waveform ?? known.waveform
  const transcript = later.transcript ?? known.transcript
  const position = incoming.position ?? known.position
  const playedBy = [...new Set([...(known.playedBy ?? []), ...(incoming.playedBy ?? [])])]
  return {
    ...later,
    ...(waveform && { waveform }),
    ...(transcript !== undefined && { transcript }),
    ...(position !== undefined && { position }),
    ...(playedBy.length > 0 && { playedBy }),
  }
}

function replaceAt(list: MessageList, index: number, message: Message): MessageList {
  return list.messages[index] === message ? list : { ...list, messages: list.messages.with(index, message) }
}
