import type { Message } from '@earshot/protocol'
import { RefusedError } from '../earshot/refused-error.ts'
import type { EarshotUser, UserEvents } from '../earshot/user.ts'
import type { Judge } from '../judge/judge.ts'
import type { PresenceJudge } from '../judge/presence-judge.ts'
import type { Heard, Stream } from '../judge/stream.ts'
import { droppedByClient } from '../socketio/index.ts'
import { type Clip, voiceContent } from './clips.ts'
import { type CrowdOptions, makeUser } from './crowd.ts'
import { metrics, showFault } from './metrics.ts'
import { atOnceMs } from './presence.ts'
import { sleep } from './wait.ts'

/** A place to talk in: a one-to-one conversation or a group. */
export interface Channel {
  stream: Stream
  members: EarshotUser[]
  groupId?: string
}

export interface ChatOptions {
  /** Whether what fails is sent again under the same id. */
  retries?: boolean
  /** Whether connections are lost because something is done to the cluster: counted, and not shown one by one. */
  lossesExpected?: boolean
  /** Hears every status event, and of connections that are lost and taken up again. */
  presence?: PresenceJudge
  /** Who else wants to know what a device is told. */
  also?: (self: () => EarshotUser) => UserEvents
}

/** Milliseconds until a message is given up when retries are on; a killed node takes some seconds to be missed. */
const giveUpMs = 90_000

/** Users who talk under the eyes of a judge: it learns of all that they send and hear. */
export class JudgedChat {
  readonly users: EarshotUser[] = []
  readonly channels: Channel[] = []
  readonly judge: Judge
  readonly #prefix: string
  readonly #options: ChatOptions
  #lastId = 0

  /** @param prefix of ids, unique in the run */
  constructor(judge: Judge, prefix: string, options: ChatOptions = {}) {
    this.judge = judge
    this.#prefix = prefix
    this.#options = options
  }

  /** A new user, not connected yet. */
  addUser(options?: CrowdOptions): EarshotUser {
    const userId = `${this.#prefix}-u${this.users.length}`
    const { presence, also } = this.#options
    const user = makeUser(
      userId,
      (self) => {
        const others = also?.(self)
        return {
          ...others,
          message: (message, at, via) => {
            this.judge.heard(self().device, heardOf(message), at, via)
            others?.message?.(message, at, via)
          },
          status: (status, at) => presence?.event(self().device, status, at),
          statuses: (statuses, askedAt) => {
            for (const status of statuses) presence?.answered(self().device, status, askedAt)
          },
          connected: (_, again) => {
            if (again) presence?.becomes(userId, true, Date.now(), atOnceMs)
          },
          disconnected: (reason) => {
            if (!self().socket.isWanted) return
            presence?.away(userId, Date.now())
            // What a scenario does itself is no fault.
            if (reason === droppedByClient) return
            metrics.connectionsLost.add(1)
            if (!this.#options.lossesExpected) showFault('connections_lost', `${userId}: ${reason}`)
          },
        }
      },
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

  /**
   * Sends one text, or a recording, and resolves when its fate is known, whatever that is. Gives its id.
   * @param named is told the id before anything is sent
   */
  async send(
    channel: Channel,
    from: EarshotUser,
    clip?: Clip,
    named?: (id: string) => void,
  ): Promise<string> {
    const id = `${this.#prefix}-m${++this.#lastId}`
    named?.(id)
    const text = `Message ${id} of a load test, as long as a short text between two people usually is.`
    const content = clip ? voiceContent(clip) : text
    const { device: sender, userId: senderId, socket } = from
    const sent = { id, sender, senderId, content, at: Date.now(), connection: socket.connections }
    this.judge.sent(channel.stream, sent)
    for (;;) {
      try {
        const { body, at } = await request(channel, from, id, clip ?? text)
        this.judge.acked(id, { messageId: body._id, conversationId: body.conversationId, seq: body.seq }, at)
        from.positions.has(body.conversationId, body.seq)
        return id
      } catch (error) {
        const waitMs = error instanceof RefusedError ? error.retryAfterMs : 250
        if (this.#options.retries && waitMs !== undefined && Date.now() < sent.at + giveUpMs) {
          this.judge.retried(id)
          await sleep(waitMs)
          continue
        }
        if (error instanceof RefusedError)
          this.judge.refused(id, error.message, { mayBeThere: error.mayBeThere })
        else this.judge.unanswered(id)
        return id
      }
    }
  }

  #channel(channel: Channel): Channel {
    this.channels.push(channel)
    return channel
  }
}

function request({ members, groupId }: Channel, from: EarshotUser, id: string, what: string | Clip) {
  const clientMessageId = id
  if (groupId !== undefined) {
    return typeof what === 'string'
      ? from.request('group_message', { groupId, messageType: 'text', content: what, clientMessageId })
      : from.request('group_message', {
          groupId,
          messageType: 'voice',
          voiceMessage: what.voice,
          clientMessageId,
        })
  }
  const to = members.find((member) => member !== from) ?? from
  const recipientId = to.userId
  return typeof what === 'string'
    ? from.request('message', { recipientId, content: what, clientMessageId })
    : from.request('voice_message', { recipientId, voiceMessage: what.voice, clientMessageId })
}

export function heardOf(message: Message): Heard {
  return {
    messageId: message._id,
    conversationId: message.conversationId,
    seq: message.seq,
    id: message.clientMessageId,
    senderId: message.sender._id,
    content: message.voiceMessage ? voiceContent({ voice: message.voiceMessage }) : message.content,
  }
}
