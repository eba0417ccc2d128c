import { applyMessages, contiguousSeq, type EarshotClient } from '@earshot/client'
import type { SyncRequest } from '@earshot/protocol'
import type { Store } from '../../app/store.ts'
import { type ChatState, changeList } from './chat-state.ts'

/** Conversations in one `sync`: the contract's default limit. */
const conversationsPerSync = 200

/** Asks for what every opened conversation misses, until each is complete. */
export async function catchUp(client: EarshotClient, store: Store<ChatState>): Promise<void> {
  const { history } = store.get()
  let waiting = Object.keys(history).filter((conversationId) => history[conversationId] === 'ready')
  while (waiting.length > 0) {
    const asked = waiting.slice(0, conversationsPerSync)
    const positions = positionsOf(store.get(), asked)
    const answers = await client.sync(positions)
    const unfinished = asked.filter((conversationId) => {
      const answer = answers[conversationId]
      if (!answer) return false // one that we may no longer read
      store.update((state) =>
        changeList(state, conversationId, (list) => applyMessages(list, answer.messages, answer.headSeq)),
      )
      const moved =
        contiguousSeq(store.get().lists[conversationId] ?? emptyList) !== positions[conversationId]
      return moved && !answer.complete
    })
    waiting = [...waiting.slice(conversationsPerSync), ...unfinished]
  }
}

const emptyList = { messages: [], headSeq: 0 }

function positionsOf(state: ChatState, conversationIds: string[]): SyncRequest['conversations'] {
  return Object.fromEntries(
    conversationIds.map((conversationId) => [
      conversationId,
      contiguousSeq(state.lists[conversationId] ?? emptyList),
    ]),
  )
}
