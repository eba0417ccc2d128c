import type { Limits } from '@earshot/protocol'
import { defaultLimits } from '@earshot/protocol'
import type { Socket } from 'socket.io'
import t from 'tap'
import { EarshotClient } from '../src/index.ts'
import { PayloadGuard } from '../src/payload-guard.ts'
import { startTestServer } from './test-server.ts'

const limits = (socketMaxBytes: number): Limits => ({ ...defaultLimits, socketMaxBytes })

t.test('what is small is let through without a question', (t) => {
  const guard = new PayloadGuard(async () => t.fail('asked') as never)
  t.equal(guard.check({ content: 'x'.repeat(10_000), data: new Uint8Array(1_000) }), undefined)
  t.end()
})

t.test('what is large is measured as the wire has it', async (t) => {
  let asked = 0
  const guard = new PayloadGuard(async () => {
    asked++
    return limits(200_000)
  })
  const large = { code: 'TOO_LARGE' }
  await guard.check({ content: 'x'.repeat(190_000) })
  await t.rejects(guard.check({ content: 'x'.repeat(200_000) }) ?? Promise.resolve(), large)
  await t.rejects(
    guard.check({ content: '\u20ac'.repeat(70_000) }) ?? Promise.resolve(),
    large,
    'three bytes each',
  )
  await t.rejects(guard.check({ content: '\u0001'.repeat(40_000) }) ?? Promise.resolve(), large, 'escaped')
  await guard.check({ voiceMessage: { data: new Uint8Array(190_000) } })
  await t.rejects(
    guard.check({ voiceMessage: { data: new Uint8Array(199_500) } }) ?? Promise.resolve(),
    large,
  )
  t.equal(asked, 1)
})

t.test('without the limits of the server the usual ones are taken', async (t) => {
  const guard = new PayloadGuard(() => Promise.reject(new Error('away')))
  await guard.check({ content: 'x'.repeat(1_000_000) })
  await t.rejects(guard.check({ content: 'x'.repeat(6_000_000) }) ?? Promise.resolve(), { code: 'TOO_LARGE' })
})

t.test('the connection lives on', async (t) => {
  const { io, url } = await startTestServer(t, (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(limits(300_000)))
  })
  io.engine.opts.maxHttpBufferSize = 300_000
  const heard: number[] = []
  io.on('connection', (socket: Socket) => {
    socket.on('message', ({ content }: { content: string }, answer: (ack: object) => void) => {
      heard.push(content.length)
      answer({ ok: true, _id: 'm', conversationId: 'c', seq: 1, createdAt: '', status: 'sent' })
    })
  })
  const client = new EarshotClient({ url, token: 'good' })
  t.teardown(() => client.close())
  const lost: string[] = []
  client.on('disconnected', ({ reason }) => lost.push(reason))
  await client.connect()
  const say = (length: number) => client.sendMessage({ recipientId: 'b', content: 'x'.repeat(length) })
  await t.rejects(say(400_000), { code: 'TOO_LARGE', message: /upload/ })
  await say(100_000)
  t.same(heard, [100_000])
  t.same(lost, [])
})
