import type { Fields } from './kind.ts'

/** So long at least a note is remembered, and up to twice as long: well beyond `WRITE_BEHIND_FLUSH_MS`. */
const rememberMs = 10_000
/** Characters remembered in each of these spans, about; beyond it the mechanism does without. */
const maxChars = 8_000_000
/** What a note has beside its payloads. */
const charsPerNote = 200

/** What this node noted a moment ago, in case Redis loses it. */
export class RecentNotes {
  #current = new Map<string, Fields>()
  #before = new Map<string, Fields>()
  #since = Date.now()
  #chars = 0

  add(id: string, fields: Fields): void {
    this.#turnOver()
    const known = this.#current.get(id)
    if (known) {
      this.#chars += raise(known, fields)
    } else if (this.#chars < maxChars) {
      const kept: Fields = new Map()
      this.#chars += charsPerNote + raise(kept, fields)
      this.#current.set(id, kept)
    }
  }

  all(): [id: string, fields: Fields][] {
    return [...this.#before, ...this.#current]
  }

  #turnOver(): void {
    const now = Date.now()
    if (now - this.#since < rememberMs) return
    this.#before = this.#current
    this.#current = new Map()
    this.#since = now
    this.#chars = 0
  }
}

/** Returns by how many characters the payloads grew. */
function raise(fields: Fields, by: Fields): number {
  let grown = 0
  for (const [name, field] of by) {
    const known = fields.get(name)
    if (known && known.rank >= field.rank) continue
    fields.set(name, field)
    grown += (field.payload?.length ?? 0) - (known?.payload?.length ?? 0)
  }
  return grown
}
