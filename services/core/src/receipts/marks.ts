import type { Mark } from '@earshot/protocol'
import { WriteBehind, type WriteBehindDeps } from '../write-behind/write-behind.ts'
import { type MarkNote, markKind, noteId } from './mark-kind.ts'
import { type MarkStore, markId } from './mark-store.ts'

/** Whose mark, and where. */
export type MarkPlace = Pick<MarkNote, 'conversationId' | 'userId'>

/** A mark, and which voice messages the user has played. */
export type FullMark = Mark & { playedSeqs: number[] }

/** How far each user has got in each conversation: what waits in Redis, over what MongoDB has. */
export class Marks {
  readonly #store: MarkStore
  readonly #pending: WriteBehind<MarkNote>

  constructor({ store, writeBehind }: { store: MarkStore; writeBehind: WriteBehindDeps }) {
    this.#store = store
    this.#pending = new WriteBehind(markKind, writeBehind, (notes) => store.raise(notes))
  }

  /** Moves a mark up, never down. Resolves when it can be read on every node and outlives this one. */
  raise(note: MarkNote): Promise<void> {
    return this.#pending.note([note])
  }

  /** Redis lost its memory, or may have. */
  noteAgain(): Promise<void> {
    return this.#pending.noteAgain()
  }

  /** The marks of these places, in their order; absent: nothing was received there. */
  async find(places: MarkPlace[]): Promise<(FullMark | undefined)[]> {
    // Redis first: what is flushed in between is in MongoDB by then.
    const waiting = await this.#pending.read(places.map(noteId))
    const stored = await this.#store.find(places)
    return places.map((place) => {
      const found = [waiting.get(noteId(place)), stored.get(markId(place))].filter(
        (mark) => mark !== undefined,
      )
      if (found.length === 0) return undefined
      return {
        userId: place.userId,
        deliveredSeq: Math.max(...found.map(({ deliveredSeq }) => deliveredSeq)),
        readSeq: Math.max(...found.map(({ readSeq }) => readSeq)),
        playedSeqs: [...new Set(found.flatMap(({ playedSeqs = [] }) => playedSeqs))],
      }
    })
  }

  /** For the worker: writes what waits. */
  flush(): Promise<void> {
    return this.#pending.flush()
  }
}
