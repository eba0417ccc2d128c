/** A number that was given is written within this time, or its writer is taken for dead. */
const holeMayFillMs = 3_000

export interface Numbered {
  number: number
  writtenAt: Date
}

/**
 * The part of a numbered stream that has no hole, from `from` + 1 on. A number that is missing is either about to be
 * written by another node, then the part ends before it; or it never will be, then the hole is closed in MongoDB first,
 * so that nothing can appear behind a reader's back.
 * @param closeHole takes the number for good; false when it was written after all
 */
export async function contiguous<T>(
  docs: T[],
  from: number,
  describe: (doc: T) => Numbered,
  closeHole: (number: number) => Promise<boolean>,
): Promise<{ docs: T[]; upTo: number; stopped: boolean }> {
  const read: T[] = []
  let expected = from + 1
  for (const doc of docs) {
    const { number, writtenAt } = describe(doc)
    for (; expected < number; expected++) {
      const isOld = Date.now() - writtenAt.getTime() > holeMayFillMs
      if (!isOld || !(await closeHole(expected))) return { docs: read, upTo: expected - 1, stopped: true }
    }
    read.push(doc)
    expected = number + 1
  }
  return { docs: read, upTo: expected - 1, stopped: false }
}
