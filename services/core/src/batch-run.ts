import { setTimeout as wait } from 'node:timers/promises'
import { isUnavailable } from './clients/unavailable.ts'

export interface BatchProgress {
  /** Of what was there at the beginning. */
  total: { items: number; bytes: number }
  done: { items: number; bytes: number }
  /** Skipped: gone meanwhile, or in another's hands. */
  skipped: number
  failures: { id: string; why: string }[]
  /** Why nothing moves at the moment. */
  waitsFor?: string
}

export interface BatchItem {
  id: string
  /** Bytes. */
  size: number
}

export interface BatchWork {
  /** What there is to do, anew each time. */
  list: () => AsyncIterable<BatchItem>
  /** Returns whether it was done; false: there was nothing to do. */
  run: (item: BatchItem) => Promise<boolean>
  concurrency: number
  /** Ends it after the items under way. */
  signal: AbortSignal
  onProgress: (progress: BatchProgress) => void
}

const longestWaitMs = 10_000

/**
 * Does a piece of work to many items, some at once, in passes until one finds nothing more to do. Waits while a store is
 * away; an item that fails otherwise is noted and left.
 */
export async function runBatch(work: BatchWork): Promise<BatchProgress> {
  const { list, signal, onProgress } = work
  const progress: BatchProgress = {
    total: { items: 0, bytes: 0 },
    done: { items: 0, bytes: 0 },
    skipped: 0,
    failures: [],
  }
  for await (const { size } of list()) {
    progress.total.items++
    progress.total.bytes += size
  }
  onProgress(progress)
  const failed = new Set<string>()
  for (let before = -1; progress.done.items > before && !signal.aborted; ) {
    before = progress.done.items
    progress.skipped = 0
    const items = list()[Symbol.asyncIterator]()
    const take = async () => {
      for (;;) {
        const next = signal.aborted ? undefined : await items.next()
        if (!next || next.done) return
        if (!failed.has(next.value.id)) await one(next.value)
      }
    }
    await Promise.all(Array.from({ length: work.concurrency }, take))
    await items.return?.()
  }
  return progress

  async function one(item: BatchItem): Promise<void> {
    for (let waitMs = 250; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
      try {
        if (await work.run(item)) {
          progress.done.items++
          progress.done.bytes += item.size
        } else progress.skipped++
        delete progress.waitsFor
        onProgress(progress)
        return
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (!isUnavailable(error)) {
          failed.add(item.id)
          progress.failures.push({ id: item.id, why })
          onProgress(progress)
          return
        }
        progress.waitsFor = why
        onProgress(progress)
        await wait(waitMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }
}
