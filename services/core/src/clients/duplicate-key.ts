import { MongoBulkWriteError, MongoServerError, type WriteError } from 'mongodb'
import { StoreAwayError } from './unavailable.ts'

/** MongoDB's error code for a unique index that refused a write. */
const duplicateKeyCode = 11000

export function isDuplicateKey(error: unknown): error is MongoServerError {
  if (!(error instanceof MongoServerError)) return false
  return error.code === duplicateKeyCode || saysDuplicate.test(error.message)
}

/** FerretDB tells it by MongoDB's code for an insert, but for an update only by what its own database says. */
const saysDuplicate = /violates unique constraint|UNIQUE constraint failed/

/**
 * Of an unordered insert of many that failed: which were refused because they are there already, all others having been written.
 * @throws {StoreAwayError} when that is not known of as many members as it must be; the error itself when it says anything else. One of
 * the whole command, a lost connection say, comes as one without any refusal.
 */
export function duplicatesIn(error: unknown): readonly WriteError[] {
  if (!(error instanceof MongoBulkWriteError)) throw error
  const refused = [error.writeErrors].flat()
  if (refused.length === 0 || refused.some(({ code }) => code !== duplicateKeyCode)) throw error
  const unsure = error.result.getWriteConcernError()
  if (unsure) throw new StoreAwayError(unsure.errmsg ?? 'the write concern was not met', { cause: error })
  return refused
}
