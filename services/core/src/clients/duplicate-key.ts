import { MongoServerError } from 'mongodb'

/** MongoDB's error code for a unique index that refused a write. */
export const duplicateKeyCode = 11000

export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === duplicateKeyCode
}
