import type { Store } from '../../app/store.ts'
import type { ChatState } from './chat-state.ts'
import type { Known } from './conversation-cache.ts'

const saveAfterMs = 1_500

/**
 * Shows what was known at the last visit until the server has answered, and keeps for the next one what is known now.
 * Returns the function that ends it.
 */
export function keepKnown(state: Store<ChatState>, userId: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let saved: Known | undefined
  let isOver = false
  const opened = import('./conversation-cache.ts').then(
    ({ ConversationCache }) => new ConversationCache(userId),
  )

  async function show() {
    const known = await (await opened).load()
    if (isOver || known.conversations.length === 0) return
    state.update((now) => {
      if (now.loading === 'ready') return now
      const heard = Object.entries(now.lists).filter(([, { messages }]) => messages.length > 0)
      return {
        ...now,
        loading: 'ready',
        conversations: known.conversations,
        lists: { ...now.lists, ...known.lists, ...Object.fromEntries(heard) },
      }
    })
  }

  async function save() {
    const { conversations, lists, loading } = state.get()
    if (loading !== 'ready') return
    const known = { conversations, lists }
    await (await opened).save(known, saved)
    saved = known
  }

  const stop = state.subscribe(() => {
    timer ??= setTimeout(() => {
      timer = undefined
      save().catch(notKept)
    }, saveAfterMs)
  })
  show().catch(notKept)
  return () => {
    isOver = true
    stop()
    clearTimeout(timer)
    opened.then((cache) => cache.close()).catch(notKept)
  }
}

function notKept(error: unknown): void {
  console.warn('Earshot: conversations are not kept for a start without a network.', error)
}
