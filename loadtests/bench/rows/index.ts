import type { Row } from '../lib/row.ts'
import { burst } from './burst.ts'
import { connect } from './connect.ts'
import { direct } from './direct.ts'
import { group1000 } from './group-1000.ts'
import { groupCount } from './group-count.ts'
import { groupSize } from './group-size.ts'
import { groupUpkeep } from './group-upkeep.ts'
import { history } from './history.ts'
import { lastSeenPoll } from './last-seen-poll.ts'
import { memory } from './memory.ts'
import { nodes } from './nodes.ts'
import { presenceAlive } from './presence-alive.ts'
import { presenceLeases } from './presence-leases.ts'
import { presenceLogins } from './presence-logins.ts'
import { presenceTimes } from './presence-times.ts'
import { rate } from './rate.ts'
import { voice } from './voice.ts'

/** All rows, in the order in which they run. */
export const rows: readonly Row[] = [
  direct,
  burst,
  rate,
  nodes,
  group1000,
  presenceLogins,
  presenceAlive,
  lastSeenPoll,
  connect,
  memory,
  voice,
  history,
  groupSize,
  groupUpkeep,
  groupCount,
  presenceLeases,
  presenceTimes,
]
