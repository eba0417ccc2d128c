import type { Row } from '../lib/row.ts'
import { burst } from './burst.ts'
import { connect } from './connect.ts'
import { direct } from './direct.ts'
import { group1000 } from './group-1000.ts'
import { groupCount } from './group-count.ts'
import { groupSize } from './group-size.ts'
import { groupUpkeep } from './group-upkeep.ts'
import { lastSeenPoll } from './last-seen-poll.ts'
import { memory } from './memory.ts'
import { presenceAlive } from './presence-alive.ts'
import { presenceLeases } from './presence-leases.ts'
import { presenceLogins } from './presence-logins.ts'
import { presenceTimes } from './presence-times.ts'
import { voice } from './voice.ts'

/** All rows, in the order in which they run. */
export const rows: readonly Row[] = [
  direct,
  burst,
  group1000,
  connect,
  memory,
  groupSize,
  groupUpkeep,
  groupCount,
  presenceLeases,
  presenceAlive,
  presenceLogins,
  presenceTimes,
  lastSeenPoll,
  voice,
]
