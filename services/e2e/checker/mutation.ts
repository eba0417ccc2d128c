import type { Test } from 'tap'
import { capabilitiesOf } from './capabilities.ts'
import { OwnCluster } from './own-cluster.ts'
import { makePlan } from './plan.ts'
import { report } from './report.ts'
import { runRound } from './round.ts'

const impatient = { holePatienceMs: 0, lastWordRounds: 3 }

/** Exchanges a method for the length of a test. */
export function mutate<P extends object, K extends keyof P>(
  t: Test,
  prototype: P,
  name: K,
  make: (original: P[K]) => P[K],
): void {
  const original = prototype[name]
  prototype[name] = make(original)
  t.teardown(() => {
    prototype[name] = original
  })
}

/** True for one in so many calls. */
export function every(count: number): () => boolean {
  let calls = 0
  return () => ++calls % count === 0
}

export interface Expected {
  invariant: number
  what: RegExp
}

/** Runs rounds until one finds out that an invariant is broken; fails when none does. */
export async function findsOut(
  t: Test,
  { invariant, what }: Expected,
  prepare: (target: OwnCluster) => Promise<void> = async () => undefined,
): Promise<void> {
  const target = await OwnCluster.start({ nodes: 2, processes: false, faults: false })
  t.teardown(() => target.close())
  await prepare(target)
  const capabilities = await capabilitiesOf(target, '')
  for (const seed of [1, 2, 3, 4]) {
    const plan = makePlan({ seed, users: 5, nodes: 2, steps: 120, faults: false, capabilities })
    // A broken server is not waited for.
    const { evidence, violations } = await runRound(target, plan, `${seed}-`, impatient)
    t.comment(`seed ${seed}: ${[...new Set(violations.map((v) => `${v.invariant} ${v.what}`))].join('; ')}`)
    const found = violations.find(
      (violation) => violation.invariant === invariant && what.test(violation.what),
    )
    if (!found) continue
    t.match(report(evidence, [found]), found.what, `found out: ${found.what}: ${found.detail}`)
    return
  }
  t.fail('the mutant got away')
}
