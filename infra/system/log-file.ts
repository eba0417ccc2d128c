import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const ROTATE_AT_BYTES = 20 * 1024 * 1024

/**
 * The log of one process. Past 20 MB it becomes `<name>.1` and starts again, so a cluster left running for weeks does
 * not fill the disk. Writes are synchronous: nothing is lost when this program ends, and nothing piles up in memory.
 */
export class LogFile {
  readonly path: string
  #fd: number
  #bytes: number

  constructor(path: string) {
    this.path = path
    mkdirSync(dirname(path), { recursive: true })
    this.#fd = openSync(path, 'a')
    this.#bytes = fstatSync(this.#fd).size
  }

  write(line: string): void {
    if (this.#bytes >= ROTATE_AT_BYTES) this.#rotate()
    this.#bytes += writeSync(this.#fd, `${line}\n`)
  }

  close(): void {
    if (this.#fd === -1) return
    closeSync(this.#fd)
    this.#fd = -1
  }

  #rotate(): void {
    closeSync(this.#fd)
    renameSync(this.path, `${this.path}.1`)
    this.#fd = openSync(this.path, 'a')
    this.#bytes = 0
  }
}
