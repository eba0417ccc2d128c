import type { Contestant } from './contest.ts'
import type { Summary } from './contest-table.ts'
import type { Floor } from './goal.ts'
import { type InsertFloor, insertFloor } from './insert-floor.ts'

const documents = 10_000

/** For rows whose messages are delivered and stored: a raw relay of the same run, and a raw batch insert. */
export interface TalkFloor {
  /** µs of CPU time a message. */
  relay: (relayed: Summary | undefined) => Floor
  relayAndInsert: (relayed: Summary | undefined) => Floor
  inserted: InsertFloor
  note: string
}

/** Measured when nobody talks any more. */
export async function talkFloor(contestants: readonly Contestant[]): Promise<TalkFloor> {
  const own = contestants.find(({ program }) => program === 'earshot')
  if (!own) throw new Error('nothing is stored')
  const inserted = await insertFloor(own, documents)
  const { databaseUs, driverUs } = inserted
  return {
    inserted,
    relay: (relayed) => ({ of: 'relay', value: relayed?.cpuUs ?? Number.NaN }),
    relayAndInsert: (relayed) => ({
      of: 'relay and insert',
      value: (relayed?.cpuUs ?? Number.NaN) + databaseUs + driverUs,
    }),
    note: `Floor: a relay of bare sockets, and inserting ${documents} such messages by the thousand, ${driverUs.toFixed(0)} µs each in the driver and ${databaseUs.toFixed(0)} in the database.`,
  }
}
