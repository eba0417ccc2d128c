import { type Db, MongoBulkWriteError } from 'mongodb'
import t from 'tap'
import { isUnavailable } from '../src/clients/unavailable.ts'
import type { MessageDoc } from '../src/messages/message-doc.ts'
import { MessageStore } from '../src/messages/message-store.ts'

/** A replica set that lost its majority amid a batch in which one message was there before: no server here is one. */
t.test('beside a duplicate, what was not written to enough members is not called stored', async (t) => {
  const failure = (writeConcernError: { errmsg: string } | undefined) =>
    new MongoBulkWriteError(
      { message: 'E11000', code: 11000, writeErrors: [{ code: 11000, index: 0 }] as never },
      {
        getWriteConcernError: () => writeConcernError,
      } as never,
    )
  const docs = [{ _id: 'a' }, { _id: 'b' }] as MessageDoc[]
  const store = (error: Error) =>
    new MessageStore({
      collection: () => ({ insertMany: () => Promise.reject(error), findOne: async () => docs[0] }),
    } as unknown as Db)
  t.match(await store(failure(undefined)).insert(docs), [{ kind: 'exists' }, { kind: 'inserted' }])
  const timedOut = failure({ errmsg: 'waiting for replication timed out' })
  const error = await store(timedOut)
    .insert(docs)
    .catch((error: unknown) => error)
  t.ok(isUnavailable(error), 'so that the sender is told to send again')
})
