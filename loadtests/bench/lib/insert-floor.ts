import { randomUUID } from 'node:crypto'
import { type Document, MongoClient } from 'mongodb'
import type { Contestant } from './contest.ts'

/** As many documents as a command takes well: what a command costs is then shared by so many that it does not count. */
const perCommand = 1_000
/** For the compilers, and what a collection's first documents cost. */
const warming = 2

export interface InsertFloor {
  /** µs of CPU time a document: of the database, and of this process, which has nothing but the driver. */
  databaseUs: number
  driverUs: number
  /** All of them, milliseconds. */
  elapsedMs: number
}

/**
 * What it costs at the least to have so many documents like a contestant's messages in its database: the driver's own
 * `insertMany`, nothing numbered, checked or told, in a collection with the same index.
 * @param more what each has beside
 */
export async function insertFloor(
  { servers, rest }: Contestant,
  documents: number,
  more: Document = {},
): Promise<InsertFloor> {
  const mongo = new MongoClient(servers.mongoUrl ?? '', { writeConcern: { w: 'majority' } })
  try {
    const sample = await mongo.db().collection('messages').findOne()
    if (!sample) throw new Error('no message to copy')
    const raw = mongo.db().collection<{ _id: string }>('raw')
    await raw.createIndex({ conversationId: 1, seq: 1 }, { unique: true, sparse: true })
    const size = Math.min(perCommand, documents)
    const batches = Array.from({ length: warming + Math.ceil(documents / size) }, () =>
      Array.from({ length: size }, (_, i) => ({ ...sample, ...more, ...identity(i) })),
    )
    for (const batch of batches.splice(0, warming)) await raw.insertMany(batch, { ordered: false })
    const [before, own, startedAt] = [servers.cpu(), process.cpuUsage(), performance.now()]
    for (const batch of batches) await raw.insertMany(batch, { ordered: false })
    const elapsedMs = performance.now() - startedAt
    const [after, used] = [servers.cpu(), process.cpuUsage(own)]
    const inserted = batches.length * size
    return {
      databaseUs: (after.database - before.database - rest.database * elapsedMs) / inserted,
      driverUs: (used.user + used.system) / inserted,
      elapsedMs,
    }
  } finally {
    await mongo.close()
  }
}

function identity(i: number): { _id: string; conversationId: string; seq: number } {
  return { _id: randomUUID(), conversationId: randomUUID(), seq: i + 1 }
}
