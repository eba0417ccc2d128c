import { existsSync } from 'node:fs'
import {
  Binary,
  type Document,
  Double,
  type Filter,
  Int32,
  Long,
  MongoClient,
  type MongoClientOptions,
  ObjectId,
} from 'mongodb'
import t, { type Test } from 'tap'
import { startMongo } from '../servers/index.ts'
import { scratch } from './scratch.ts'

const PATIENT: MongoClientOptions = { serverSelectionTimeoutMS: 20_000 }

function connect(t: Test, url: string): MongoClient {
  const client = new MongoClient(url, PATIENT)
  t.teardown(() => client.close())
  return client
}

t.test('a MongoDB that is killed comes back on its port with what it acknowledged', async (t) => {
  const server = await startMongo()
  t.teardown(() => server.stop())
  const people = connect(t, server.url).db('test').collection<{ _id: string; name: string }>('people')
  await people.insertOne({ _id: 'a', name: 'Ada' }, { writeConcern: { w: 'majority' } })
  await t.rejects(people.insertOne({ _id: 'a', name: 'Bea' }), { code: 11000 })

  await server.kill('SIGKILL')
  t.equal(server.pid, undefined)
  await server.restart()
  t.same(await people.findOne({ _id: 'a' }), { _id: 'a', name: 'Ada' })
})

t.test('data in a folder that was given is there at the next start', async (t) => {
  const dataDir = scratch(t)
  const first = await startMongo({ dataDir })
  await connect(t, first.url).db('test').collection('people').insertOne({ name: 'Ada' })
  await first.stop()

  const second = await startMongo({ dataDir })
  t.teardown(() => second.stop())
  t.ok(existsSync(second.dataDir))
  t.equal(await connect(t, second.url).db('test').collection('people').countDocuments(), 1)
})

t.test('a document is changed by one update at a time, however many come at once', async (t) => {
  const server = await startMongo()
  t.teardown(() => server.stop())
  interface Counted {
    _id: string
    n?: number
  }
  const one = connect(t, server.url).db('test').collection<Counted>('counted')
  const other = connect(t, server.url).db('test').collection<Counted>('counted')
  const ids = Array.from({ length: 20 }, (_, i) => `d${i}`)
  await one.insertMany(ids.map((_id) => ({ _id })))
  const step = { $inc: { n: 1 } }
  const operations = ids.map((_id) => ({ updateOne: { filter: { _id }, update: step } }))
  await Promise.all([
    ...ids.map((_id) => one.updateOne({ _id }, step)),
    ...ids.map((_id) => other.findOneAndUpdate({ _id }, step)),
    other.updateMany({}, step),
    one.bulkWrite(operations, { ordered: false }),
    // Longer than what the stand-in once had connections for.
    other.bulkWrite(Array.from({ length: 40 }, () => operations).flat()),
  ])
  const counts = (await one.find().toArray()).map(({ n }) => n)
  t.same(
    counts,
    ids.map(() => 44),
  )
})

t.test('updates of one command do what each would do by itself', async (t) => {
  const server = await startMongo()
  t.teardown(() => server.stop())
  interface Versioned {
    _id: string
    version?: number
    name?: string
  }
  const found = connect(t, server.url).db('test').collection<Versioned>('versioned')
  await found.createIndex({ name: 1 }, { unique: true, sparse: true })
  await found.insertMany(['old', 'new', 'same', 'named'].map((_id) => ({ _id })))
  await found.updateOne({ _id: 'new' }, { $set: { version: 9 } })
  await found.updateOne({ _id: 'same' }, { $set: { version: 5 } })
  await found.updateOne({ _id: 'named' }, { $set: { name: 'taken' } })
  const guarded = (_id: string, upsert = false) => ({
    updateOne: { filter: { _id, $nor: [{ version: { $gt: 5 } }] }, update: { $set: { version: 5 } }, upsert },
  })
  const done = await found.bulkWrite(
    [guarded('old'), guarded('new'), guarded('same'), guarded('absent'), guarded('made', true)],
    { ordered: false },
  )
  t.match(done, { matchedCount: 2, modifiedCount: 1, upsertedCount: 1 })
  const versions = await found.find().sort({ _id: 1 }).project({ version: 1 }).toArray()
  t.same(versions, [
    { _id: 'made', version: 5 },
    { _id: 'named' },
    { _id: 'new', version: 9 },
    { _id: 'old', version: 5 },
    { _id: 'same', version: 5 },
  ])

  const naming = (_id: string, name: string) => ({
    updateOne: { filter: { _id }, update: { $set: { name } } },
  })
  await t.rejects(found.bulkWrite([naming('old', 'own'), naming('new', 'taken')], { ordered: false }))
  t.match(await found.findOne({ _id: 'old' }), { name: 'own' }, 'one that is refused takes no other with it')
  await t.rejects(
    found.bulkWrite([guarded('new', true), naming('old', 'own')], { ordered: false }),
    { code: 11000 },
    'an upsert of a document that is there, and that its filter does not let through',
  )
  await found.bulkWrite([naming('old', 'first'), naming('old', 'second')])
  t.match(await found.findOne({ _id: 'old' }), { name: 'second' }, 'of one document in their order')
})

t.test('documents come back as they were written', async (t) => {
  const server = await startMongo()
  t.teardown(() => server.stop())
  const docs = connect(t, server.url).db('test').collection<Document & { _id: string }>('kept')
  const values: Document = {
    texts: ['', 'plain', 'a "quoted" \\ one\nand\ttwo', 'é 😀 \u2028 <b>&', '}{ , : [', '\u0001'],
    numbers: [0, -1, 2 ** 31 - 1, -(2 ** 31), 1.5, -1e-7, 2 ** 53],
    int: new Int32(-7),
    long: Long.fromString('9223372036854775807'),
    double: new Double(3),
    times: [new Date(0), new Date(-1), new Date(1_764_000_000_123)],
    no: false,
    yes: true,
    nothing: null,
    id: new ObjectId('0123456789abcdef01234567'),
    bytes: new Binary(Buffer.from([0, 255, 34, 92])),
    pattern: /a"b\\d/i,
    none: {},
    empty: [],
    nested: { text: '\\', deeper: { when: new Date(5), 'with "quotes"': 1, id: new ObjectId(), null: null } },
    'with space': 'é',
    ключ: 'value',
  }
  const written = Object.entries(values).map(([key, value]) => ({ _id: key, [key]: value, after: 1 }))
  await docs.insertMany([...written, { _id: 'all', ...values }])
  const raw = { promoteLongs: false, promoteValues: false }
  const same = async (what: string) => {
    for (const doc of [...written, { _id: 'all', ...values }]) {
      t.same(await docs.findOne({ _id: doc._id }), doc, `${doc._id}, ${what}`)
    }
    t.match(await docs.findOne({ _id: 'all' }, raw), { int: new Int32(-7), double: new Double(3) })
    t.same((await docs.findOne({ _id: 'all' }, raw))?.long, values.long)
    t.same(Object.keys((await docs.findOne({ _id: 'all' })) ?? {}), ['_id', ...Object.keys(values)])
  }
  await same('inserted')
  for (const n of [2, 1]) await docs.updateMany({ _id: { $ne: 'all' } }, { $set: { after: n } })
  await same('changed and changed back')
})

t.test('documents are found by _id through an index', async (t) => {
  const mongo = await startMongo()
  t.teardown(() => mongo.stop())
  const docs = connect(t, mongo.url).db('test').collection<{ _id: string | ObjectId; n: number }>('docs')
  const ids = Array.from({ length: 3_000 }, (_, n) => (n % 2 ? `text ${n} "quoted"` : new ObjectId()))
  await docs.insertMany(ids.map((_id, n) => ({ _id, n })))
  const [first, second, third] = [ids[0], ids[1], ids[2]] as [ObjectId, string, ObjectId]

  t.same(await docs.findOne({ _id: second }), { _id: second, n: 1 })
  t.same(await docs.findOne({ _id: first }), { _id: first, n: 0 })
  t.equal(await docs.findOne({ _id: first.toHexString() }), null, 'a text is not the id that it spells')
  t.equal(await docs.findOne({ _id: second, n: 2 }), null)
  const numbers = async (filter: Filter<{ _id: string | ObjectId; n: number }>) =>
    (await docs.find(filter).sort({ n: 1 }).toArray()).map(({ n }) => n)
  t.same(await numbers({ _id: { $in: [third, second, 'nobody', first] } }), [0, 1, 2])
  t.same(await numbers({ _id: { $in: [] } }), [])
  t.same(await numbers({ _id: { $in: [second, third] }, n: { $gt: 1 } }), [2])
  t.same(await numbers({ _id: { $nin: [second] }, n: { $lt: 3 } }), [0, 2])

  t.equal((await numbers({ _id: { $in: ids } })).length, ids.length)

  for (const filter of [{ _id: second }, { _id: { $in: [first, second] } }]) {
    t.match(JSON.stringify(await docs.find(filter).explain()), /Index|IXSCAN|IDHACK|EXPRESS/)
  }
})

t.test('a page of a conversation is read through an index, and nothing else is', async (t) => {
  const mongo = await startMongo()
  t.teardown(() => mongo.stop())
  interface Doc {
    _id: string
    conversationId: string | ObjectId | string[]
    seq: number
  }
  const db = connect(t, mongo.url).db('test')
  const docs = db.collection<Doc>('messages')
  await docs.createIndex({ conversationId: 1, seq: 1 })
  const alike = new ObjectId()
  const conversations = ['a "quoted" one', 'another', alike.toHexString(), alike, 'the fifth']
  await docs.insertMany(
    conversations.flatMap((conversationId, c) =>
      Array.from({ length: 1_000 }, (_, i) => ({ _id: `${c}-${i}`, conversationId, seq: i + 1 })),
    ),
  )
  // So that a planner knows what is in it.
  await db.command({ compact: 'messages' })
  const page = (filter: Filter<Doc>, direction: 1 | -1, limit = 3) =>
    docs.find(filter).sort({ seq: direction }).limit(limit)
  const found = async (filter: Filter<Doc>, direction: 1 | -1, limit?: number) =>
    (await page(filter, direction, limit).toArray()).map(({ _id }) => _id)
  const conversationId = conversations[0] as string

  t.same(await found({ conversationId }, -1), ['0-999', '0-998', '0-997'])
  t.same(await found({ conversationId, seq: { $lt: 500 } }, -1), ['0-498', '0-497', '0-496'])
  t.same(await found({ conversationId, seq: { $lte: 500, $gt: 498 } }, -1), ['0-499', '0-498'])
  t.same(await found({ conversationId, seq: { $gte: 998.5 } }, 1), ['0-998', '0-999'])
  t.same(await found({ conversationId: alike }, 1, 1), ['3-0'], 'an id, and not the text that spells it')
  t.same(await found({ conversationId: alike.toHexString() }, -1, 1), ['2-999'])
  t.same(await found({ conversationId, seq: { $ne: 1_000, $gt: 1 } }, -1, 1), ['0-998'])
  t.same(await found({ conversationId, _id: '0-7' }, -1), ['0-7'])
  t.equal((await found({ conversationId }, 1, 0)).length, 1_000)
  t.same((await page({ conversationId }, 1).skip(2).toArray()).length, 3)
  t.equal(await docs.countDocuments({ conversationId: { $in: [conversationId, 'another'] } }), 2_000)
  t.equal(await docs.countDocuments({ seq: { $exists: true } }), 5_000)
  t.equal(await docs.countDocuments({ seq: { $exists: false } }), 0)
  await docs.updateOne({ _id: '0-0' }, { $unset: { seq: '' } })
  t.same(
    (await docs.find({ seq: { $exists: false } }).toArray()).map(({ _id }) => _id),
    ['0-0'],
  )

  for (const filter of [{ conversationId }, { conversationId, seq: { $lt: 500 } }]) {
    const plan = JSON.stringify(await page(filter, -1).explain())
    t.match(plan, /Index Scan|IXSCAN/)
    t.notMatch(plan, /"Sort"|"Seq Scan"|"stage":"SORT"|COLLSCAN/)
  }
})
