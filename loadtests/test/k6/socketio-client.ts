/**
 * Run by `socketio-client.test.ts` against a plain Socket.IO server, from a folder in which there is nothing of this project but
 * the client.
 */
import { check } from 'k6'
import { Counter } from 'k6/metrics'
import { setTimeout } from 'k6/timers'
import {
  AckTimeoutError,
  ConnectRefusedError,
  DisconnectedError,
  droppedByClient,
  SocketIoClient,
} from '../../lib/socketio/index.ts'

interface ServerToClient {
  greeted: (whom: string, times: number) => void
  'are-you-there': () => void
  there: () => void
  bytes: (bytes: unknown) => void
}

interface ClientToServer {
  greet: (name: string, times: number, ack: (answer: { text: string }) => void) => void
  question: () => void
  silence: (ack: (answer: never) => void) => void
  lose: () => void
  leave: () => void
  binary: () => void
}

const url = __ENV.URL ?? ''
const users = 200

const ended = new Counter('ended')

export const options = { thresholds: { checks: ['rate==1'], ended: ['count==1'] } }

export default async function () {
  await answersAndEvents()
  await refused()
  await lostAndTakenUpAgain()
  await bytesAreNotSpoken()
  await manyInOneVu()
  ended.add(1)
}

function client(name: string, more: Partial<ConstructorParameters<typeof SocketIoClient>[0]> = {}) {
  const seen: string[] = []
  const socket = new SocketIoClient<ServerToClient, ClientToServer>(
    {
      url,
      namespace: '/room',
      auth: () => ({ name }),
      ackTimeoutMs: 1_000,
      reconnect: { minMs: 10 },
      ...more,
    },
    {
      connected: (_, again) => seen.push(again ? 'connected again' : 'connected'),
      disconnected: (reason) => seen.push(reason),
      failed: (error, last) => seen.push(`${error.name}${last ? ', the last' : ''}`),
    },
  )
  return { socket, seen }
}

async function answersAndEvents() {
  const { socket } = client('ann')
  const greeted = next<[string, number]>((done) => socket.on('greeted', (...args) => done(args)))
  const there = next((done) => socket.on('there', () => done(undefined)))
  await socket.connect()
  const before = Date.now()
  const { answer, at } = await socket.emitWithAck('greet', 'Ben', 2)
  expect('an acknowledgement, and when it came', answer.text === 'Hello Ben' && at >= before - 1)
  expect('an event with several arguments', `${await greeted}` === 'Ben,2')
  expect('when an event arrived', Math.abs(socket.receivedAt - Date.now()) < 5_000)
  socket.emit('question')
  await there
  expect('the server was answered', true)
  // @ts-expect-error an event that is none
  const noEvent = () => socket.emit('nonsense')
  // @ts-expect-error an argument of another type
  const noName = () => socket.emitWithAck('greet', 1, 2)
  expect('types only', typeof noEvent === typeof noName)
  const silence = await caught(() => socket.emitWithAck('silence'))
  expect('no acknowledgement in time', silence instanceof AckTimeoutError)
  // Ten pings of the server: who did not answer them would be gone.
  await sleep(2_000)
  expect('pings are answered', socket.isConnected && socket.connections === 1)
  socket.disconnect()
  expect('not connected any more', (await caught(() => socket.emitWithAck('silence'))) instanceof Error)
}

async function refused() {
  const { socket, seen } = client('nobody')
  const error = await caught(() => socket.connect())
  expect('refused, with what the server says', error instanceof ConnectRefusedError)
  const { message, data } = error as ConnectRefusedError
  expect('why', message === 'not you' && (data as { code: string }).code === 'NO')
  expect('it does not try again', `${seen}` === 'ConnectRefusedError, the last')
  const away = client('ann', { url: 'http://127.0.0.1:1', reconnect: { minMs: 10, attempts: 3 } })
  expect('nobody there', (await caught(() => away.socket.connect())) instanceof DisconnectedError)
  expect('as often as it may', away.seen.length === 3)
}

async function lostAndTakenUpAgain() {
  const { socket, seen } = client('ann')
  await socket.connect()
  const waiting = caught(() => socket.emitWithAck('silence'))
  socket.emit('lose')
  expect('what waits fails', (await waiting) instanceof DisconnectedError)
  await until(() => socket.isConnected)
  expect('it is taken up again', seen.includes('connected again') && socket.connections === 2)
  expect('and works', (await socket.emitWithAck('greet', 'Eve', 1)).answer.text === 'Hello Eve')
  socket.drop()
  await until(() => socket.connections === 3)
  expect('lost on purpose too', seen.includes(droppedByClient))
  socket.emit('leave')
  await until(() => !socket.isConnected)
  await sleep(200)
  expect('but not when the server says goodbye', socket.connections === 3 && !socket.isWanted)
}

async function bytesAreNotSpoken() {
  const { socket, seen } = client('ann', { reconnect: false })
  await socket.connect()
  socket.emit('binary')
  await until(() => !socket.isConnected)
  expect(`binary packets end the connection and say why: ${seen}`, /binary/.test(seen.at(-1) ?? ''))
}

async function manyInOneVu() {
  const sockets = Array.from({ length: users }, (_, i) => client(`user-${i}`).socket)
  await Promise.all(sockets.map((socket) => socket.connect()))
  const answers = await Promise.all(sockets.map((socket, i) => socket.emitWithAck('greet', `${i}`, 1)))
  expect(
    'many in one VU, each with its own',
    answers.every(({ answer }, i) => answer.text === `Hello ${i}`),
  )
  for (const socket of sockets) socket.disconnect()
}

function expect(what: string, is: boolean): void {
  if (!is) console.error(`not so: ${what}`)
  check(is, { [what]: (yes) => yes })
}

function next<T>(listen: (done: (value: T) => void) => void): Promise<T> {
  return new Promise<T>((resolve) => listen(resolve))
}

async function caught(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !condition(); i++) await sleep(10)
}
