import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MOST_AT_ONCE = 256 * 1024

/** Reads what is appended to a log file, also past its rotation, when it starts again from nothing. */
export class LogTail {
  readonly #path: string
  readonly #lastLines: number
  #position: number | undefined
  #inode = 0
  #rest = ''

  /** Of what is there already, `lastLines` are given. */
  constructor(path: string, lastLines: number) {
    this.#path = path
    this.#lastLines = lastLines
  }

  newLines(): string[] {
    const fd = openSync(this.#path, 'r')
    try {
      const { size, ino } = fstatSync(fd)
      const first = this.#position === undefined
      if (ino !== this.#inode || size < (this.#position ?? 0)) this.#position = 0
      this.#inode = ino
      const from = Math.max(this.#position ?? 0, size - MOST_AT_ONCE)
      const bytes = Buffer.alloc(size - from)
      readSync(fd, bytes, 0, bytes.length, from)
      this.#position = size
      const lines = (this.#rest + bytes.toString('utf8')).split('\n')
      this.#rest = lines.pop() ?? ''
      return first && Number.isFinite(this.#lastLines) ? lines.slice(-this.#lastLines) : lines
    } finally {
      closeSync(fd)
    }
  }
}
