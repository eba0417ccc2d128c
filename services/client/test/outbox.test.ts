import { CodedError, type SendAck } from '@earshot/protocol'
import t from 'tap'
import { Outbox, type OutboxEvents } from '../src/outbox/outbox.ts'
import { noStorage, type OutboxItem, type OutboxStorage } from '../src/outbox/outbox-storage.ts'

const retry = { maxTries: 3, baseDelayMs: 1, maxDelayMs: 2 }
const item = (id: string, recipientId = 'bob'): OutboxItem => ({
  clientMessageId: id,
  event: 'message',
  payload: { recipientId, content: id, clientMessageId: id },
  createdAt: 0,
})
const ackOf = ({ clientMessageId }: OutboxItem) => ({ _id: clientMessageId }) as SendAck

function memory(initial: OutboxItem[] = []): OutboxStorage & { items: OutboxItem[] } {
  const kept = {
    items: initial,
    load: async () => [...kept.items],
    put: async (added: OutboxItem) => void kept.items.push(added),
    remove: async (id: string) => {
      kept.items = kept.items.filter(({ clientMessageId }) => clientMessageId !== id)
    },
  }
  return kept
}

function start(
  deliver: (item: OutboxItem) => Promise<SendAck>,
  storage: OutboxStorage = noStorage,
  ready: () => Promise<void> = async () => undefined,
) {
  const heard: [keyof OutboxEvents, OutboxEvents[keyof OutboxEvents]][] = []
  const outbox = new Outbox({
    storage,
    ready,
    deliver,
    retry,
    emit: (event, payload) => void heard.push([event, payload]),
  })
  return { outbox, heard }
}

t.test('one lane a conversation: in order, however often a try fails', async (t) => {
  const tries: string[] = []
  const { outbox } = start(async (sent) => {
    tries.push(sent.clientMessageId)
    const isFirst = tries.filter((id) => id === sent.clientMessageId).length === 1
    if (isFirst) throw new CodedError('RETRY_LATER', 'full')
    return ackOf(sent)
  })
  const acks = await Promise.all(['a', 'b', 'c'].map((id) => outbox.add(item(id))))
  t.match(acks, [{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }])
  t.same(tries, ['a', 'a', 'b', 'b', 'c', 'c'])
  t.same(outbox.pending, [])
})

t.test('a lane that waits does not hinder another', async (t) => {
  const gate = Promise.withResolvers<void>()
  const { outbox } = start(async (sent) => {
    if (sent.clientMessageId === 'slow') await gate.promise
    return ackOf(sent)
  })
  const slow = outbox.add(item('slow', 'bob'))
  t.match(await outbox.add(item('quick', 'cleo')), { _id: 'quick' })
  gate.resolve()
  t.match(await slow, { _id: 'slow' })
})

t.test('one that is refused leaves, with the reason, and the next one goes', async (t) => {
  const storage = memory()
  const { outbox, heard } = start(async (sent) => {
    if (sent.clientMessageId === 'bad') throw new CodedError('NOT_FOUND', 'There is no such user.')
    return ackOf(sent)
  }, storage)
  const refused = t.rejects(outbox.add(item('bad')), { code: 'NOT_FOUND' })
  await outbox.add(item('good'))
  await refused
  t.same(storage.items, [])
  t.match(
    heard.find(([event]) => event === 'send_refused'),
    ['send_refused', { item: { clientMessageId: 'bad' }, error: { code: 'NOT_FOUND' } }],
  )
})

t.test('what was left behind is sent first, in its order, without a promise to tell', async (t) => {
  const storage = memory([item('old1'), item('old2'), item('elsewhere', 'cleo')])
  const order: string[] = []
  const done = Promise.withResolvers<void>()
  const { outbox } = start(async (sent) => {
    order.push(sent.clientMessageId)
    if (order.length === 4) done.resolve()
    return ackOf(sent)
  }, storage)
  outbox.resume()
  await Promise.all([outbox.add(item('new')), done.promise])
  const toBob = order.filter((id) => id !== 'elsewhere')
  t.same(toBob, ['old1', 'old2', 'new'])
  t.equal(order.length, 4)
  t.same(storage.items, [])
})

t.test('what was left behind is shown before there is a connection', async (t) => {
  const told = Promise.withResolvers<OutboxEvents['outbox_changed']>()
  const outbox = new Outbox({
    storage: memory([item('old1'), item('old2')]),
    ready: () => new Promise(() => undefined),
    deliver: async (sent) => ackOf(sent),
    retry,
    emit: (event, payload) => event === 'outbox_changed' && told.resolve(payload as never),
  })
  outbox.restore()
  t.match(await told.promise, { pending: [{ clientMessageId: 'old1' }, { clientMessageId: 'old2' }] })
  outbox.end(new CodedError('RETRY_LATER', 'closed'))
})

t.test('closed: who waits hears why, and the storage keeps what was not taken', async (t) => {
  const storage = memory()
  const never = Promise.withResolvers<SendAck>()
  const { outbox } = start(() => never.promise, storage)
  const closed = new CodedError('RETRY_LATER', 'closed')
  const waits = t.rejects(outbox.add(item('a')), { message: 'closed' })
  outbox.end(closed)
  await waits
  await t.rejects(outbox.add(item('b')), { message: 'closed' })
  t.match(storage.items, [{ clientMessageId: 'a' }])
})

t.test('taken back while it waits, not while it is on its way', async (t) => {
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  const { outbox } = start(async (sent) => {
    started.resolve()
    await gate.promise
    return ackOf(sent)
  })
  const first = outbox.add(item('first'))
  const second = t.rejects(outbox.add(item('second')), { name: 'AbortError' })
  await started.promise
  t.equal(await outbox.cancel('first'), false)
  t.equal(await outbox.cancel('second'), true)
  t.equal(await outbox.cancel('unknown'), false)
  await second
  gate.resolve()
  await first
  t.same(outbox.pending, [])
})

t.test('without a connection also the first one can be taken back', async (t) => {
  const connection = Promise.withResolvers<void>()
  const sent: string[] = []
  const { outbox } = start(
    async (one) => {
      sent.push(one.clientMessageId)
      return ackOf(one)
    },
    memory(),
    () => connection.promise,
  )
  const first = t.rejects(outbox.add(item('first')), { name: 'AbortError' })
  const second = outbox.add(item('second'))
  t.equal(await outbox.cancel('first'), true)
  await first
  connection.resolve()
  await second
  t.same(sent, ['second'])
})

t.test('what the server may have is not taken back', async (t) => {
  const tried = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let tries = 0
  const { outbox } = start(async (sent) => {
    tries += 1
    if (tries === 1) throw new CodedError('RETRY_LATER', 'The server did not answer in time.')
    tried.resolve()
    await gate.promise
    return ackOf(sent)
  })
  const sending = outbox.add(item('a'))
  await tried.promise
  t.equal(await outbox.cancel('a'), false)
  gate.resolve()
  await sending
})

t.test('a token that has expired loses nothing', async (t) => {
  let tries = 0
  const { outbox } = start(async (sent) => {
    tries += 1
    if (tries === 1) throw new CodedError('UNAUTHENTICATED', 'The token has expired.')
    return ackOf(sent)
  })
  t.match(await outbox.add(item('a')), { _id: 'a' })
})

t.test(
  'what another client left in the storage goes out with the next connection, in its place',
  async (t) => {
    const storage = memory()
    const connection = Promise.withResolvers<void>()
    const order: string[] = []
    const { outbox } = start(
      async (sent) => {
        order.push(sent.clientMessageId)
        return ackOf(sent)
      },
      storage,
      () => connection.promise,
    )
    outbox.restore()
    const mine = outbox.add(item('mine'))
    const elsewhere = { ...item('elsewhere') }
    storage.items = [elsewhere, ...storage.items]
    outbox.resume()
    connection.resolve()
    await mine
    t.same(order, ['elsewhere', 'mine'])
    t.same(storage.items, [])
  },
)

t.test('a storage that fails keeps nothing from being sent', async (t) => {
  const broken: OutboxStorage = {
    load: () => Promise.reject(new Error('forbidden')),
    put: () => Promise.reject(new Error('full')),
    remove: () => Promise.reject(new Error('gone')),
  }
  const warnings = t.capture(console, 'warn')
  const { outbox } = start(async (sent) => ackOf(sent), broken)
  outbox.resume()
  t.match(await outbox.add(item('a')), { _id: 'a' })
  t.ok(warnings().length >= 2)
})

t.test('locks that cannot be had keep nothing from being sent', async (t) => {
  const warnings = t.capture(console, 'warn')
  const exclusively = () => Promise.reject(new DOMException('not active', 'InvalidStateError'))
  const { outbox, heard } = start(async (sent) => ackOf(sent), { ...memory(), exclusively })
  t.match(await outbox.add(item('a')), { _id: 'a' })
  t.notOk(heard.some(([event]) => event === 'send_refused'))
  t.equal(warnings().length, 1)
})

t.test('what another client sent from the same storage is not taken back', async (t) => {
  const connection = Promise.withResolvers<void>()
  const kept = memory()
  const has = async (id: string) => kept.items.some(({ clientMessageId }) => clientMessageId === id)
  const { outbox } = start(
    async (sent) => ackOf(sent),
    { ...kept, put: async (added) => void kept.items.push(added), has },
    () => connection.promise,
  )
  const sending = outbox.add(item('a'))
  await new Promise(setImmediate)
  await kept.remove('a')
  t.equal(await outbox.cancel('a'), false)
  connection.resolve()
  t.match(await sending, { _id: 'a' })
})
