import type { BatchProgress } from '@earshot/core/batch-run'
import type { Terminal } from './jobs-cli.ts'

const everyMs = 1_000

/** Tells how far a move is: a line a second at most, and one for each that could not be moved. */
export class MoveReport {
  readonly #terminal: Terminal
  readonly #startedAt = performance.now()
  #shownAt = 0
  #failures = 0
  #waitsFor: string | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(progress: BatchProgress): void {
    for (const { id, why } of progress.failures.slice(this.#failures)) {
      this.#terminal.err(`${id} was not moved: ${why}\n`)
    }
    this.#failures = progress.failures.length
    const isNews = progress.waitsFor !== this.#waitsFor
    const now = performance.now()
    if (!isNews && now < this.#shownAt + everyMs && this.#shownAt > 0) return
    this.#shownAt = now
    this.#waitsFor = progress.waitsFor
    this.#terminal.out(`${this.#line(progress)}\n`)
  }

  /** Returns the exit code. */
  end(progress: BatchProgress, isStopped: boolean): number {
    const { done, failures } = progress
    const result = `${done.items} moved (${megabytes(done.bytes)})`
    const left = failures.length > 0 ? `, ${failures.length} not` : ''
    const how = isStopped ? 'Stopped' : 'Done'
    this.#terminal.out(`${how}: ${result}${left}.${isStopped ? ' Run it again to go on.' : ''}\n`)
    if (isStopped) return 130
    return failures.length > 0 ? 1 : 0
  }

  #line({ total, done, waitsFor }: BatchProgress): string {
    const share = total.items === 0 ? 100 : Math.min(100, Math.floor((100 * done.items) / total.items))
    const line = `${done.items} of ${total.items} moved (${share} %), ${megabytes(done.bytes)} of ${megabytes(total.bytes)}`
    if (waitsFor !== undefined) return `${line}; waiting: ${waitsFor}`
    const seconds = (performance.now() - this.#startedAt) / 1_000
    if (done.items === 0) return line
    const leftSeconds = Math.max(0, ((total.items - done.items) / done.items) * seconds)
    return `${line}, ${(done.items / seconds).toFixed(1)} a second, ${Math.ceil(leftSeconds)} s left`
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
