import { CodedError } from '@earshot/protocol'
import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'

/** A store does not answer, or says that it cannot for now. The cause is what its client said. */
export class StoreAwayError extends Error {
  override readonly name = 'StoreAwayError'
}

/** What a client of Redis says, and what Redis itself says when it is full, cannot write or has nobody who may. */
const redisAway =
  /^(OOM|MISCONF|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|BUSY) |Connection is closed|isn't writeable|enableOfflineQueue|Command timed out|max retries per request|LOADING|READONLY|ECONNREFUSED|ECONNRESET|EPIPE/

/** Whether an error says that a store is away for the moment, so that the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof StoreAwayError) return true
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  if (error instanceof MongoWriteConcernError) return true
  // A bulk write wraps what happened to it.
  if (error instanceof MongoBulkWriteError) return isUnavailable(error.errorResponse)
  if (!(error instanceof Error)) return false
  return (
    redisAway.test(error.message) ||
    /Mongo(Expired|PoolCleared|NotConnected|Topology|OperationTimeout)/.test(error.name)
  )
}

/** What a client hears of an error: its own code, `RETRY_LATER` while a store is away, else `INTERNAL`. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error
  if (isUnavailable(error)) {
    return new CodedError('RETRY_LATER', 'The service cannot store this right now.', {
      retryAfterMs: 1_000,
      cause: error,
    })
  }
  return new CodedError('INTERNAL', 'Something went wrong on our side.', { cause: error })
}
