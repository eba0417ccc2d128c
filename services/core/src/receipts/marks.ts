import type { FlushOptions } from '../write-behind/flusher.ts'
import { WriteBehind, type WriteBehindDeps } from '../write-behind/write-behind.ts'
import { type MarkNote, markKind, noteId } from './mark-kind.ts'
import { type MarkStore, markId } from './mark-store.ts'
import type { PlayStore } from './play-store.ts'
import type { FullMark } from './players.ts'

/** Whose mark, where, and of which voice messages there one wants to know whether they have been played. */
export type MarkPlace = Pick<MarkNote, 'conversationId' | 'userId'> & { voiceSeqs?: readonly number[] }

/** How far each user has got in each conversation: what waits in Redis, over what MongoDB has. */
export class Marks {
  readonly #store: MarkStore
  readonly #plays: PlayStore
  readonly #pending: WriteBehind<MarkNote>

  constructor(deps: { store: MarkStore; plays: PlayStore; writeBehind: WriteBehindDeps }) {
    const { store, plays, writeBehind } = deps
    this.#store = store
    this.#plays = plays
    this.#pending = new WriteBehind(markKind, writeBehind, async (notes) => {
      await plays.add(notes)
      await store.raise(notes)
    })
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
    const [stored, plays] = await Promise.all([
      this.#store.find(places),
      this.#plays.find(places.map(({ voiceSeqs = [], ...place }) => ({ ...place, voiceSeqs }))),
    ])
    return places.map((place, i) => {
      const noted = waiting.get(noteId(place))
      const found = [noted, stored.get(markId(place))].filter((mark) => mark !== undefined)
      if (found.length === 0) return undefined
      return {
        userId: place.userId,
        deliveredSeq: Math.max(...found.map(({ deliveredSeq }) => deliveredSeq)),
        readSeq: Math.max(...found.map(({ readSeq }) => readSeq)),
        playedSeqs: [...(noted?.playedSeqs ?? []), ...(plays[i] ?? [])],
      }
    })
  }

  /** For the worker: writes what waits. */
  flush(options?: FlushOptions): Promise<void> {
    return this.#pending.flush(options)
  }
}
