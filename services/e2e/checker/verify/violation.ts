import type { Entry } from '../record.ts'

/** Something that must not be, with what shows it. */
export interface Violation {
  /** Its number in design.md. */
  invariant: number
  /** The kind of violation, the same words for each of its kind. */
  what: string
  /** Users or devices. */
  actors: string[]
  detail: string
  /** Entries of the record that prove it. */
  proof: Entry[]
  /** Ids and words: what else the record has of them belongs to the story. */
  about: string[]
}
