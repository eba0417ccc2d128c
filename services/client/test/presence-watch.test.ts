import { CodedError, type UserStatus } from '@earshot/protocol'
import t from 'tap'
import { Emitter } from '../src/emitter.ts'
import type { EarshotEvents } from '../src/events.ts'
import { PresenceWatch } from '../src/presence-watch.ts'

type Answer = { statuses?: UserStatus[] }
type Call = [event: string, userIds: string[]]

const statusOf = (userId: string): UserStatus => ({ userId, isOnline: true, lastSeen: null, version: 1 })
const away = () => new CodedError('RETRY_LATER', 'MongoDB is away.', { retryAfterMs: 1 })

/** A server that fails as it is told to, and remembers who is watched. */
function scene() {
  const events = new Emitter<EarshotEvents>()
  const calls: Call[] = []
  const failures: CodedError[] = []
  const watched = new Set<string>()
  const call = async (event: string, userIds: string[]): Promise<Answer> => {
    calls.push([event, userIds])
    const failure = failures.shift()
    if (failure) throw failure
    for (const userId of userIds) {
      if (event === 'presence_subscribe') watched.add(userId)
      else watched.delete(userId)
    }
    return event === 'presence_subscribe' ? { statuses: userIds.map(statusOf) } : {}
  }
  const presence = new PresenceWatch(call, events, { retryMs: 1 })
  const hears = (userId: string) =>
    new Promise<UserStatus>((resolve) => {
      const off = events.on('user_status_changed', (status) => {
        if (status.userId !== userId) return
        off()
        resolve(status)
      })
    })
  const fails = () =>
    new Promise<EarshotEvents['error_message']>((resolve) => events.on('error_message', resolve))
  return { events, calls, failures, watched, presence, hears, fails }
}

t.test('who comes on the screen during an outage is watched when it is over', async (t) => {
  const { presence, failures, watched, hears } = scene()
  failures.push(away(), away(), away())
  const heard = hears('bob')
  presence.watch(['bob'])
  t.equal((await heard).userId, 'bob')
  t.same([...watched], ['bob'])
})

t.test('after a reconnect in the middle of an outage all are watched again', async (t) => {
  const { events, presence, failures, watched, hears } = scene()
  await presence.subscribe(['ann'])
  const shown = hears('bob')
  presence.watch(['bob'])
  await shown
  watched.clear()
  failures.push(away(), away())
  const both = Promise.all([hears('ann'), hears('bob')])
  events.emit('reconnected', undefined as never)
  await both
  t.same([...watched].sort(), ['ann', 'bob'])
})

t.test('what is refused for good is said once, and not asked for again', async (t) => {
  const { events, presence, failures, watched, calls, hears, fails } = scene()
  failures.push(new CodedError('TOO_LARGE', 'A socket watches 1 user at most.'))
  const failed = fails()
  presence.watch(['bob'])
  t.match(await failed, { event: 'presence_subscribe', error: { code: 'TOO_LARGE' } })
  const heard = hears('ann')
  presence.watch(['ann'])
  await heard
  t.same(calls, [
    ['presence_subscribe', ['bob']],
    ['presence_subscribe', ['ann']],
  ])
  // The server's memory is new: there may be room.
  const again = hears('bob')
  events.emit('reconnected', undefined as never)
  await again
  t.same([...watched].sort(), ['ann', 'bob'])
})

t.test('a subscription that failed is none; one that ends leaves who is on the screen', async (t) => {
  const { events, presence, failures, watched, calls, hears } = scene()
  failures.push(away())
  await t.rejects(presence.subscribe(['eve']), { code: 'RETRY_LATER' })
  const heard = hears('bob')
  presence.watch(['bob'])
  await heard
  await presence.subscribe(['bob', 'ann'])
  await presence.unsubscribe(['bob', 'ann'])
  t.same([...watched], ['bob'])
  const resumed = hears('bob')
  calls.length = 0
  events.emit('reconnected', undefined as never)
  await resumed
  t.same(calls, [['presence_subscribe', ['bob']]])
})
