import { sleep } from './wait.ts'

export interface Pace {
  perSecond: number
  /** Until when, milliseconds since 1970. Asked again and again, so that it may become known later. */
  until: () => number
}

const stepMs = 20

/**
 * Does something at a steady rate, whether what was begun before has ended or not, and resolves when all of it has. What is
 * late is made up for.
 * @param act is given how often it was called before
 */
export async function atPace(
  { perSecond, until }: Pace,
  act: (n: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = Date.now()
  const underWay: Promise<unknown>[] = []
  let done = 0
  while (Date.now() < until()) {
    const due = Math.floor(((Date.now() - startedAt) * perSecond) / 1_000)
    while (done < due) underWay.push(act(done++))
    await sleep(stepMs)
  }
  await Promise.all(underWay)
}
