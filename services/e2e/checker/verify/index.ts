import { verifyChanges } from './changes.ts'
import type { Evidence } from './evidence.ts'
import { verifyMissed } from './missed.ts'
import { verifyOnce } from './once.ts'
import { verifyOrder } from './order.ts'
import { verifyOutsiders } from './outsiders.ts'
import { verifyStored } from './stored.ts'
import type { Violation } from './violation.ts'

/** Judges a round by its record and by what is stored. Nothing but its argument matters. */
export function verify(evidence: Evidence): Violation[] {
  const judges = [verifyStored, verifyOnce, verifyOrder, verifyMissed, verifyOutsiders, verifyChanges]
  return judges.flatMap((judge) => judge(evidence)).sort((a, b) => a.invariant - b.invariant)
}
