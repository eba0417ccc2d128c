import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

/** A number that was given is written within this time, or its writer is taken for dead. */
const holeMayFillMs = 3_000
/** How long a reader waits for a young hole before it looks again; doubles up to the second. */
const lookAgainMs = { first: 20, most: 160 }

export interface Numbered {
  number: number
  writtenAt: Date
}

export interface Stream<T> {
  describe: (doc: T) => Numbered
  /** Takes the number for good; false when it was written after all. */
  closeHole: (number: number) => Promise<boolean>
}

/** What `contiguous` found: `upTo` is the last number that is accounted for. */
export interface Contiguous<T> {
  docs: T[]
  upTo: number
  stopped: boolean
}

/**
 * The part of a numbered stream that has no hole, from `from` + 1 on. A number that is missing is either about to be
 * written by another node, then the part ends before it; or it never will be, then the hole is closed in MongoDB first,
 * so that nothing can appear behind a reader's back.
 * @param waitedMs how long the reader has seen the hole itself: a node's clock may be off, this cannot
 */
export async function contiguous<T>(
  docs: T[],
  from: number,
  { describe, closeHole }: Stream<T>,
  waitedMs = 0,
): Promise<Contiguous<T>> {
  const read: T[] = []
  let expected = from + 1
  for (const doc of docs) {
    const { number, writtenAt } = describe(doc)
    for (; expected < number; expected++) {
      const isOld = Math.max(waitedMs, Date.now() - writtenAt.getTime()) > holeMayFillMs
      if (!isOld || !(await closeHole(expected))) return { docs: read, upTo: expected - 1, stopped: true }
    }
    read.push(doc)
    expected = number + 1
  }
  return { docs: read, upTo: expected - 1, stopped: false }
}

/**
 * Reads such a part as far as the stream went when the reader came. Behind a hole there may be what was acknowledged
 * before, told to all who listened then, and to a reader who comes now by nobody but this answer: so it waits until the
 * hole is filled or closed. What is written meanwhile is told to it anyway, so a busy stream is not chased.
 * @param read ascending; called again after a wait, with the last number that is wanted
 * @param start the number before the part
 */
export async function readContiguous<T>(
  read: (upTo?: number) => Promise<T[]>,
  start: (docs: T[]) => number,
  stream: Stream<T>,
): Promise<Contiguous<T> & { found: number }> {
  const since = performance.now()
  let docs = await read()
  const found = docs.length
  const last = docs.at(-1)
  const goal = last === undefined ? 0 : stream.describe(last).number
  for (let pauseMs = lookAgainMs.first; ; pauseMs = Math.min(pauseMs * 2, lookAgainMs.most)) {
    const waitedMs = performance.now() - since
    const part = await contiguous(docs, start(docs), stream, waitedMs)
    if (!part.stopped) return { ...part, found }
    await wait(pauseMs)
    docs = (await read(goal)).filter((doc) => stream.describe(doc).number <= goal)
  }
}
