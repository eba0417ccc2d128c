import { applyMessages, emptyMessageList, type MessageList } from '@earshot/client'
import type { HistoryPage } from '@earshot/protocol'
import { type ChatState, changeList } from './chat-state.ts'

/*
 * What of a conversation is in view: its newest messages (`lists`), or the part around an earlier one that somebody went to
 * (`around`), until scrolling on has joined the two. Pure functions.
 */

export function viewOf({ around, lists }: ChatState, conversationId: string): MessageList | undefined {
  return around[conversationId] ?? lists[conversationId]
}

/** Goes to a part that these pages, one after the other, are of. */
export function goTo(state: ChatState, conversationId: string, pages: readonly HistoryPage[]): ChatState {
  const part = pages.reduce(
    (list, { messages, headSeq }) => applyMessages(list, messages, headSeq),
    emptyMessageList,
  )
  return join(withAround(begun(state, conversationId), conversationId, part), conversationId)
}

/** Goes back to the end; the same state when that is what is in view. */
export function goToNewest(state: ChatState, conversationId: string): ChatState {
  if (!state.around[conversationId]) return state
  return withAround(begun(state, conversationId), conversationId, undefined)
}

/** The page before what is in view; nothing of it when something else came into view since it was asked for. */
export function withOlder(
  state: ChatState,
  conversationId: string,
  beforeSeq: number | undefined,
  { messages, headSeq }: HistoryPage,
): ChatState {
  const view = viewOf(state, conversationId)
  if (view?.messages[0]?.seq !== beforeSeq) return state
  const extended = applyMessages(view ?? emptyMessageList, messages, headSeq)
  return state.around[conversationId]
    ? withAround(state, conversationId, extended)
    : changeList(state, conversationId, () => extended)
}

/** The page after a part that one went to. */
export function withNewer(
  state: ChatState,
  conversationId: string,
  afterSeq: number,
  { messages, headSeq }: HistoryPage,
): ChatState {
  const part = state.around[conversationId]
  if (part?.messages.at(-1)?.seq !== afterSeq) return state
  const extended = withAround(state, conversationId, applyMessages(part, messages, headSeq))
  return join(extended, conversationId, messages.length === 0)
}

/** A change to a conversation's messages, wherever they are held. */
export function changeEverywhere(
  state: ChatState,
  conversationId: string,
  change: (list: MessageList) => MessageList,
): ChatState {
  const part = state.around[conversationId]
  const changed = part ? withAround(state, conversationId, change(part)) : state
  return changed.lists[conversationId] ? changeList(changed, conversationId, change) : changed
}

/** One list again, as soon as nothing can lie between the two. Numbers without a message tell nothing: pages do. */
function join(state: ChatState, conversationId: string, isAtHead = false): ChatState {
  const part = state.around[conversationId]
  const last = part?.messages.at(-1)?.seq
  if (!part || last === undefined) return state
  const newestFrom = state.lists[conversationId]?.messages[0]?.seq
  if (!isAtHead && last + 1 < (newestFrom ?? part.headSeq + 1)) return state
  return changeList(withAround(state, conversationId, undefined), conversationId, (list) =>
    applyMessages(list, part.messages, part.headSeq),
  )
}

function withAround(state: ChatState, conversationId: string, part: MessageList | undefined): ChatState {
  const { [conversationId]: _before, ...others } = state.around
  return { ...state, around: part ? { ...others, [conversationId]: part } : others }
}

function begun(state: ChatState, conversationId: string): ChatState {
  const views = { ...state.views, [conversationId]: (state.views[conversationId] ?? 0) + 1 }
  return { ...state, views }
}
