import type { Message } from '@earshot/protocol'
import { RefusedError } from '../earshot/refused-error.ts'
import type { EarshotUser } from '../earshot/user.ts'
import type { Judge } from '../judge/judge.ts'
import type { PresenceJudge } from '../judge/presence-judge.ts'
import type { Heard, Stream } from '../judge/stream.ts'
import { type CrowdOptions, makeUser } from './crowd.ts'
import { metrics, showFault } from './metrics.ts'
import { sleep } from './wait.ts'

/** A place to talk in: a one-to-one conversation or a group. */
export interface Channel {
  stream: Stream
  members: EarshotUser[]
  groupId?: string
}

/** Attempts of one message when retries are on; a killed node takes some seconds to be missed. */
const maxAttempts = 40

/** Users who talk under the eyes of a judge: it learns of all that they send and hear. */
export class JudgedChat {
  readonly users: EarshotUser[] = []
  readonly channels: Channel[] = []
  readonly judge: Judge
  readonly #prefix: string
  readonly #retries: boolean
  readonly #presence: PresenceJudge | undefined
  #lastId = 0

  /** @param prefix of ids, unique in the run; @param retries whether what fails is sent again under the same id; @param presence hears every status event */
  constructor(
    judge: Judge,
    prefix: string,
    { retries = false, presence }: { retries?: boolean; presence?: PresenceJudge } = {},
  ) {
    this.judge = judge
    this.#presence = presence
    this.#prefix = prefix
    this.#retries = retries
  }

  /** A new user, not connected yet. */
  addUser(options?: CrowdOptions): EarshotUser {
    const userId = `${this.#prefix}-u${this.users.length}`
    const user = makeUser(
      userId,
      (self) => ({
        message: (message, at, via) => this.judge.heard(self().device, heardOf(message), at, via),
        status: (status, at) => this.#presence?.event(self().device, status, at),
        disconnected: (reason) => {
          if (self().socket.isWanted) this.#lostConnection(userId, reason)
        },
      }),
      options,
    )
    this.users.push(user)
    return user
  }

  direct(a: EarshotUser, b: EarshotUser): Channel {
    return this.#channel({
      members: [a, b],
      stream: this.judge.open(`${a.userId}+${b.userId}`, [a.device, b.device]),
    })
  }

  group(groupId: string, members: EarshotUser[]): Channel {
    const devices = members.map(({ device }) => device)
    return this.#channel({ groupId, members, stream: this.judge.open(groupId, devices, { echoes: true }) })
  }

  /** Sends one text and resolves when its fate is known, whatever that is. Gives its id. */
  async send(channel: Channel, from: EarshotUser): Promise<string> {
    const id = `${this.#prefix}-m${++this.#lastId}`
    const content = `Message ${id} of a load test, as long as a short text between two people usually is.`
    const sent = { id, sender: from.device, senderId: from.userId, content, at: Date.now() }
    this.judge.sent(channel.stream, sent)
    for (let attempt = 1; ; attempt++) {
      try {
        const { body, at } = await this.#request(channel, from, id, content)
        this.judge.acked(id, { messageId: body._id, conversationId: body.conversationId, seq: body.seq }, at)
        from.positions.has(body.conversationId, body.seq)
        return id
      } catch (error) {
        const waitMs = error instanceof RefusedError ? error.retryAfterMs : 250
        if (this.#retries && waitMs !== undefined && attempt < maxAttempts) {
          await sleep(waitMs)
          this.judge.retried(id)
          continue
        }
        if (error instanceof RefusedError) this.judge.refused(id, error.message)
        else this.judge.unanswered(id)
        return id
      }
    }
  }

  #request({ members, groupId }: Channel, from: EarshotUser, clientMessageId: string, content: string) {
    if (groupId !== undefined) {
      return from.request('group_message', { groupId, messageType: 'text', content, clientMessageId })
    }
    const to = members.find((member) => member !== from) ?? from
    return from.request('message', { recipientId: to.userId, content, clientMessageId })
  }

  #channel(channel: Channel): Channel {
    this.channels.push(channel)
    return channel
  }

  #lostConnection(userId: string, reason: string): void {
    metrics.connectionsLost.add(1)
    showFault('connections_lost', `${userId}: ${reason}`)
  }
}

export function heardOf(message: Message): Heard {
  return {
    messageId: message._id,
    conversationId: message.conversationId,
    seq: message.seq,
    id: message.clientMessageId,
    senderId: message.sender._id,
    content: message.content,
  }
}
