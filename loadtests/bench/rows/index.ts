import type { Row } from '../lib/row.ts'
import { groupCount } from './group-count.ts'
import { groupSize } from './group-size.ts'
import { groupUpkeep } from './group-upkeep.ts'
import { lastSeenPoll } from './last-seen-poll.ts'
import { presenceAlive } from './presence-alive.ts'
import { presenceLeases } from './presence-leases.ts'
import { presenceLogins } from './presence-logins.ts'
import { presenceTimes } from './presence-times.ts'

/** All rows, in the order in which they run. */
export const rows: readonly Row[] = [
  groupSize,
  groupUpkeep,
  groupCount,
  presenceLeases,
  presenceAlive,
  presenceLogins,
  presenceTimes,
  lastSeenPoll,
]
