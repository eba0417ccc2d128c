import type { SyncedConversation } from '@earshot/protocol'

/** Conversations in one request; the server's limit is 200. */
const conversationsPerRequest = 100
/** A hole in the numbering takes some seconds to be closed; more rounds than this without a step on, none comes. */
const maxRoundsWithoutStep = 60

type Positions = Record<string, number>

/**
 * Asks page by page until all conversations are complete. Pure: `ask` is the network.
 * @throws {Error} when the server never says that it is complete
 */
export async function syncAll(
  from: Positions,
  ask: (conversations: Positions) => Promise<Record<string, SyncedConversation>>,
  onPage: (conversationId: string, page: SyncedConversation) => void,
  /** Between two rounds that brought nothing; half a second or so. */
  pause: () => Promise<void>,
): Promise<void> {
  const open = new Map(Object.entries(from))
  for (let stuck = 0; open.size > 0; ) {
    if (stuck > maxRoundsWithoutStep)
      throw new Error(`sync of ${[...open.keys()].slice(0, 3)} … does not end`)
    const asked = [...open].slice(0, conversationsPerRequest)
    const pages = await ask(Object.fromEntries(asked))
    let moved = false
    for (const [conversationId, seq] of asked) {
      const page = pages[conversationId]
      // Absent: not to be read by this user (any more).
      if (page) onPage(conversationId, page)
      const last = page?.messages.at(-1)?.seq
      if (!page || page.complete) open.delete(conversationId)
      else if (last !== undefined) open.set(conversationId, last)
      moved ||= !open.has(conversationId) || open.get(conversationId) !== seq
    }
    stuck = moved ? 0 : stuck + 1
    // A number that somebody is about to write: the answer ends before it.
    if (!moved) await pause()
  }
}
