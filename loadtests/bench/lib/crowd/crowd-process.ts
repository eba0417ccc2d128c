import { createHash } from 'node:crypto'
import { mintToken } from '../token.ts'
import { LeanSocket } from './lean-socket.ts'
import type { ConnectOrder, Fetched, Order, Talked } from './orders.ts'
import { type Member, Talk } from './talk.ts'

/** A process of a crowd: clients that live beside the servers. See `crowd.ts`. */
const members: Member[] = []
let last: Talk | undefined
/** HTTP requests under way at once. */
const fetchesAtOnce = 8

async function obey(order: Order): Promise<Talked | Fetched | [string, string][] | undefined> {
  if (order.what === 'connect') return connect(order)
  if (order.what === 'close') {
    for (const { socket } of members.splice(0)) socket.close()
    return undefined
  }
  if (order.what === 'fetch') return fetchSome(order.messages)
  if (order.what === 'hashes') return hashes(theLast())
  if (order.what === 'prepare') {
    last = new Talk(members, order.talk)
    return undefined
  }
  return last?.run()
}

async function connect({ people, jwtSecret, groupIds, atOnce }: ConnectOrder): Promise<undefined> {
  const waiting = people.entries()
  // Those who are here already stay.
  const first = members.length
  const worker = async () => {
    for (const [i, { userId, url }] of waiting) {
      const token = mintToken(jwtSecret, userId)
      const socket = await LeanSocket.connect({ url, auth: { token, groupIds } })
      members[first + i] = { userId, url, token, socket }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function theLast(): Talk {
  if (!last) throw new Error('nothing was said')
  return last
}

function hashes(talk: Talk): [string, string][] {
  return Array.from({ length: talk.messages }, (_, n) => {
    const { messageId, audio } = talk.fetchable(n)
    return [messageId, sha256(audio)]
  })
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Spread over all. */
async function fetchSome(messages: number): Promise<Fetched> {
  const talk = theLast()
  const fetched: Fetched = { same: 0, wrong: [] }
  const some = Math.min(messages, talk.messages)
  const numbers = Array.from({ length: some }, (_, i) => Math.floor((i * talk.messages) / some)).values()
  const worker = async () => {
    for (const n of numbers) {
      const { recipient, messageId, url, audio } = talk.fetchable(n)
      const headers = { authorization: `Bearer ${recipient.token}` }
      const response = await fetch(recipient.url + url, { headers })
      const bytes = Buffer.from(await response.arrayBuffer())
      if (response.ok && sha256(bytes) === sha256(audio)) fetched.same++
      else fetched.wrong.push(`${messageId}: ${response.status}, ${bytes.length} bytes`)
    }
  }
  await Promise.all(Array.from({ length: fetchesAtOnce }, worker))
  return fetched
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
