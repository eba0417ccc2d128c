import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb'
import { isDuplicateKey } from './duplicate-key.ts'

/** Updates in one command. MongoDB gains nothing worth having beyond this. */
const updatesPerCommand = 100

/**
 * Writes many updates that may each run twice, in order or not. Upserts of one new document by two nodes at once meet
 * in a duplicate key: at the second try both find it. Returns how many documents were found, those left as they were
 * included.
 */
export async function bulkUpdates<T extends Document>(
  collection: Collection<T>,
  operations: AnyBulkWriteOperation<T>[],
  { ordered = false }: { ordered?: boolean } = {},
): Promise<number> {
  let found = 0
  for (let i = 0; i < operations.length; i += updatesPerCommand) {
    const some = operations.slice(i, i + updatesPerCommand)
    const write = () => collection.bulkWrite(some, { ordered })
    const { matchedCount } = await write().catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error
      return write()
    })
    found += matchedCount
  }
  return found
}
