import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Judged } from './goal.ts'

/** What a row came to, the last time that it was measured. */
export interface Measured {
  row: string
  /** ISO 8601. */
  at: string
  /** On which machine, with which servers. */
  about: string
  /** Smaller than a row is by itself. */
  isBrief: boolean
  judged: Judged[]
}

/** A file a row, so that rows that were measured one by one make one table. */
export class Figures {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(dir, { recursive: true })
  }

  write(measured: Measured): void {
    writeFileSync(join(this.#dir, `${measured.row}.json`), JSON.stringify(measured))
  }

  /** @param rows in whose order */
  read(rows: readonly string[]): Measured[] {
    const files = readdirSync(this.#dir)
    return rows
      .filter((row) => files.includes(`${row}.json`))
      .map((row) => JSON.parse(readFileSync(join(this.#dir, `${row}.json`), 'utf8')) as Measured)
  }
}

/** How each row was measured, one line for all that were alike. Pure. */
export function circumstances(measured: readonly Measured[]): string[] {
  const alike = Map.groupBy(measured, ({ about, isBrief, at }) => {
    return `${about}; ${isBrief ? 'in brief' : 'in full'}, ${at.slice(0, 10)}`
  })
  return [...alike].map(([how, rows]) => `${how}: ${rows.map(({ row }) => row).join(', ')}.`)
}
