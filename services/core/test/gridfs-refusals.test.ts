import { GridFsBlobStore } from '@earshot/core/media/gridfs-blob-store'
import { type BulkWriteResult, type Db, MongoBulkWriteError, MongoNetworkError } from 'mongodb'
import t from 'tap'
import { isUnavailable } from '../src/clients/unavailable.ts'

/** A store whose database answers each insert so. */
function storeThat(fails: (docs: unknown[]) => Error | undefined): GridFsBlobStore {
  const insertMany = async (docs: unknown[]) => {
    const error = fails(docs)
    if (error) throw error
  }
  return new GridFsBlobStore({ collection: () => ({ insertMany }) } as unknown as Db)
}

const sure = { getWriteConcernError: () => undefined } as unknown as BulkWriteResult
const unsure = { getWriteConcernError: () => ({ errmsg: 'timed out' }) } as unknown as BulkWriteResult
const refused = (docs: unknown[], code: number) => ({
  message: 'refused',
  code,
  writeErrors: docs.map((_, index) => ({ index, code })) as never,
})
const put = (store: GridFsBlobStore) => store.put('key', Buffer.from('audio'), 'audio/webm')

t.test('what is there already was written by an earlier try', async () => {
  await put(storeThat((docs) => new MongoBulkWriteError(refused(docs, 11_000), sure)))
})

t.test(
  'a command that was lost wrote nothing: the driver says so without refusing any document',
  async (t) => {
    const lost = new MongoNetworkError('connection closed')
    const error = await put(storeThat(() => new MongoBulkWriteError(lost as never, sure))).catch(
      (err: unknown) => err,
    )
    t.ok(error instanceof MongoBulkWriteError)
    t.ok(isUnavailable(error), 'and it is tried again')
  },
)

t.test('nor is it written what too few members have, or what was refused for another reason', async (t) => {
  const timedOut = await put(
    storeThat((docs) => new MongoBulkWriteError(refused(docs, 11_000), unsure)),
  ).catch((err: unknown) => err)
  t.ok(isUnavailable(timedOut))
  await t.rejects(put(storeThat((docs) => new MongoBulkWriteError(refused(docs, 121), sure))))
})
