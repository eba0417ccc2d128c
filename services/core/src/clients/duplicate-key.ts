import { MongoServerError } from 'mongodb'

/** MongoDB's error code for a unique index that refused a write. */
export const duplicateKeyCode = 11000

export function isDuplicateKey(error: unknown): error is MongoServerError {
  if (!(error instanceof MongoServerError)) return false
  return error.code === duplicateKeyCode || saysDuplicate.test(error.message)
}

/** FerretDB tells it by MongoDB's code for an insert, but for an update only by what its own database says. */
const saysDuplicate = /violates unique constraint|UNIQUE constraint failed/
