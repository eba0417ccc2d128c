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
      collection: () => ({
        insertMany: () => Promise.reject(error),
        find: () => ({ toArray: async () => docs.slice(0, 1) }),
      }),
    } as unknown as Db)
  t.match(await store(failure(undefined)).insert(docs), [{ kind: 'exists' }, { kind: 'inserted' }])
  const timedOut = failure({ errmsg: 'waiting for replication timed out' })
  const error = await store(timedOut)
    .insert(docs)
    .catch((error: unknown) => error)
  t.ok(isUnavailable(error), 'so that the sender is told to send again')
})

t.test('what is there already is looked up together, however much it is', async (t) => {
  const docs = Array.from({ length: 100 }, (_, i) => ({ _id: `m${i}` })) as MessageDoc[]
  const writeErrors = docs.map((_, index) => ({ code: 11000, index }))
  const result = { getWriteConcernError: () => undefined }
  const error = new MongoBulkWriteError(
    { message: 'E11000', code: 11000, writeErrors: writeErrors as never },
    result as never,
  )
  let reads = 0
  const find = () => {
    reads++
    return { toArray: async () => docs.slice(0, 99) }
  }
  const store = new MessageStore({
    collection: () => ({ insertMany: () => Promise.reject(error), find, findOne: find }),
  } as unknown as Db)
  const outcomes = await store.insert(docs)
  t.same(
    outcomes.map(({ kind }) => kind),
    docs.map((_, i) => (i < 99 ? 'exists' : 'place-taken')),
  )
  t.equal(reads, 1)
})
