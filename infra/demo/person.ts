import { setTimeout as wait } from 'node:timers/promises'
import { EarshotClient, HttpApi, isRetryable } from '@earshot/client'
import type { Message, ServerEventName, ServerPayload, UserStatus } from '@earshot/protocol'
import { Twist } from './story.ts'

const patienceMs = 30_000
/** To reach another node: half a minute. */
const maxTries = 60
const pauseMs = 500

/** What reaches a person from others. Status changes are no secret and not listed. */
const messageEvents = [
  'new_message',
  'new_voice_message',
  'new_group_message',
  'new_group_voice_message',
  'voice_message_stored',
  'group_created',
] as const satisfies ServerEventName[]

interface Heard {
  event: ServerEventName
  payload: unknown
}

/** A user of the demo: an account and a connected client that remembers all it hears. */
export class Person {
  readonly name: string
  readonly userId: string
  readonly client: EarshotClient
  /** Opaque id of the node that holds the connection. */
  node = ''
  readonly heard: Heard[] = []
  /** Those whose status this person looks up again after an absence. */
  readonly friends = new Set<string>()
  readonly #watchers = new Set<() => void>()

  private constructor(target: string, session: { _id: string; name: string; token: string }) {
    this.name = session.name
    this.userId = session._id
    this.client = new EarshotClient({ url: target, token: session.token })
    for (const event of [...messageEvents, 'user_status_changed'] as const) {
      this.client.on(event, (payload) => this.#note(event, payload))
    }
    this.client.on('reconnected', () => void this.#catchUp().catch((error: unknown) => console.error(error)))
  }

  /** The node went away and the client is on another one: what was said meanwhile is found by `sync`. */
  async #catchUp(): Promise<void> {
    for (const { _id, isOnline, lastSeen } of await this.client.http.lastSeenMany([...this.friends])) {
      this.#note('user_status_changed', { userId: _id, isOnline, lastSeen, version: 0 })
    }
    for (const { _id } of await this.client.http.conversations()) {
      const { messages = [] } = (await this.client.sync({ [_id]: 0 }))[_id] ?? {}
      for (const message of messages) {
        const isMine = message.sender._id === this.userId
        const isKnown = this.heard.some(({ payload }) => (payload as Partial<Message>)._id === message._id)
        if (!isMine && !isKnown) this.#note(eventOf(message), message)
      }
    }
  }

  #note(event: ServerEventName, payload: unknown): void {
    this.heard.push({ event, payload })
    for (const look of this.#watchers) look()
  }

  /** Makes an account and connects, if need be again and again until on a node other than `awayFrom`. */
  static async join(target: string, name: string, awayFrom?: string): Promise<Person> {
    const api = new HttpApi({ url: target, getToken: async () => '' })
    const session = await register(api, name)
    for (let tries = 0; tries < maxTries; tries++) {
      const person = new Person(target, session)
      await person.client.connect()
      person.node = await person.client.online(person.userId)
      if (person.node !== awayFrom) return person
      person.client.close()
      // Perhaps it was killed, and comes back.
      await wait(pauseMs)
    }
    throw new Twist(`${name} always reaches the same node: does the cluster have two?`)
  }

  /** The newest version of a user's status that was heard. */
  latestVersion(userId: string): number {
    const statuses = this.heard.filter(({ event }) => event === 'user_status_changed')
    const versions = statuses
      .map(({ payload }) => payload as UserStatus)
      .filter((status) => status.userId === userId)
    return Math.max(0, ...versions.map(({ version }) => version))
  }

  get messages(): Heard[] {
    return this.heard.filter(({ event }) => event !== 'user_status_changed')
  }

  /** The first event of this name that fits, heard already or within half a minute. */
  async hears<E extends ServerEventName>(
    event: E,
    fits: (payload: ServerPayload<E>) => boolean = () => true,
  ): Promise<ServerPayload<E>> {
    const find = () =>
      this.heard.find((heard) => heard.event === event && fits(heard.payload as ServerPayload<E>))
    const found = find()
    if (found) return found.payload as ServerPayload<E>
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      const look = () => {
        const heard = find()
        if (heard) finish(() => resolve(heard.payload as ServerPayload<E>))
      }
      const timer = setTimeout(
        () =>
          finish(() => reject(new Twist(`${this.name} waited ${patienceMs / 1000} s for ${event} in vain`))),
        patienceMs,
      )
      this.#watchers.add(look)
    })
  }
}

/** As somebody new each time, since a node that dies does not say whether it had made the account. */
async function register(api: HttpApi, name: string) {
  for (let tries = 1; ; tries++) {
    const username = `${name.toLowerCase()}-${Math.random().toString(36).slice(2, 10)}`
    try {
      return await api.register({ username, password: `${username}-secret`, name })
    } catch (error) {
      if (!isRetryable(error) || tries === maxTries) throw error
      await wait(pauseMs)
    }
  }
}

function eventOf({ messageType, groupId }: Message): ServerEventName {
  if (groupId !== undefined) return messageType === 'voice' ? 'new_group_voice_message' : 'new_group_message'
  return messageType === 'voice' ? 'new_voice_message' : 'new_message'
}
