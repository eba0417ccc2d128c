import type { Message } from '@earshot/protocol'
import { changeMessage } from './change-message.ts'
import type { Device } from './device.ts'
import type { Address, KeyedSend, Person } from './person.ts'
import { type Action, type Plan, placesOf, type Step } from './plan.ts'
import { readPage } from './read-page.ts'
import { trespass } from './trespass.ts'

type Doing<K extends Action['kind']> = Extract<Action, { kind: K }>

/** Does what the plan says. */
export class Performer {
  readonly #plan: Plan
  readonly #people: Person[]
  /** The conversation of each place. */
  readonly #conversations: string[]

  constructor(plan: Plan, people: Person[], conversations: string[]) {
    this.#plan = plan
    this.#people = people
    this.#conversations = conversations
  }

  async perform({ user, device: deviceIndex, action }: Step): Promise<void> {
    const person = this.person(user)
    const device = person.device(deviceIndex)
    if (!device.isUp) await this.#reconnect(person, device, deviceIndex)
    switch (action.kind) {
      case 'send':
        return this.#send(person, device, action)
      case 'retry':
        return this.#retry(person, device, action)
      case 'conflict':
        return this.#conflict(person, device, action)
      case 'reconnect':
        device.drop(action.abrupt)
        return this.#reconnect(person, device, action.node)
      case 'sync':
        await device.catchUp(this.known(person, device))
        return
      case 'history':
        return this.#history(device, action)
      case 'member':
        return this.#changeMember(
          device,
          this.conversation(action.place),
          this.person(action.user),
          action.change,
        )
      case 'leave':
        return this.#changeMember(device, this.conversation(action.place), person, 'remove')
      case 'trespass':
        return this.#trespass(person, device, action)
      case 'edit':
      case 'delete':
        return this.#changeOwn(person, device, action)
      case 'react':
        return this.#react(device, action)
    }
  }

  person(index: number): Person {
    const person = this.#people[index]
    if (!person) throw new RangeError(`no user ${index}`)
    return person
  }

  conversation(place: number): string {
    return this.#conversations[place] ?? ''
  }

  /** Conversations that a device would ask about when it comes back. */
  known(person: Person, device: Device): Set<string> {
    const planned = placesOf(this.#plan, person.index).map((place) => this.conversation(place))
    return new Set([...planned, ...device.views.keys()])
  }

  /** The address of a place, for one of its members or anybody else. */
  address(person: Person, placeIndex: number): Address {
    const place = this.#plan.places[placeIndex]
    if (place?.kind !== 'direct') return { groupId: this.conversation(placeIndex) }
    const [a, b] = place.users
    return { recipientId: this.person(a === person.index ? b : a).identity.userId }
  }

  async #reconnect(person: Person, device: Device, node: number): Promise<void> {
    await device.connect(node)
    await device.catchUp(this.known(person, device))
  }

  async #send(person: Person, device: Device, action: Doing<'send'>): Promise<void> {
    const address = this.address(person, action.place)
    const sends = Array.from({ length: action.burst }, () => person.compose(address, action))
    switch (action.how) {
      case 'once':
        await Promise.all(sends.map((send) => person.send(device, send)))
        return
      case 'twice':
        await Promise.all(sends.map((send) => this.#everywhere(person, send)))
        return
      case 'dropped': {
        const lost = sends.map((send) => person.send(device, send))
        device.drop(true)
        await Promise.all(lost)
        await this.#reconnect(person, device, device.node + 1)
        await Promise.all(sends.map((send) => person.send(device, send)))
      }
    }
  }

  async #everywhere(person: Person, send: KeyedSend): Promise<void> {
    const up = person.devices.filter((device) => device.isUp)
    await Promise.all(up.map((device) => person.send(device, send)))
  }

  async #retry(person: Person, device: Device, { pick, everywhere }: Doing<'retry'>): Promise<void> {
    const unsettled = person.keyed.filter(({ isSettled }) => !isSettled)
    const send = pickOf(unsettled.length > 0 ? unsettled : person.keyed, pick)
    if (!send) return
    if (everywhere) await this.#everywhere(person, send)
    else await person.send(device, send)
  }

  async #conflict(person: Person, device: Device, { pick }: Doing<'conflict'>): Promise<void> {
    const send = pickOf(
      person.keyed.filter(({ payload }) => typeof payload.content === 'string'),
      pick,
    )
    if (send) await device.call(send.event, { ...send.payload, content: `${person.words()} instead` })
  }

  async #history(device: Device, { place, way, pick, limit }: Doing<'history'>): Promise<void> {
    const conversationId = this.conversation(place)
    const seq = Math.floor(pick * device.view(conversationId).seq)
    const from = { newest: '', before: `&beforeSeq=${seq + 1}`, after: `&afterSeq=${seq}` }[way]
    await readPage(device, conversationId, `limit=${limit}${from}`)
  }

  async #changeMember(
    device: Device,
    groupId: string,
    { identity: { userId } }: Person,
    change: 'add' | 'remove',
  ): Promise<void> {
    const path = `/group/${groupId}/members/${encodeURIComponent(userId)}`
    if (change === 'add') await device.http('PUT /group/:id/members/:userId', path, {})
    else await device.http('DELETE /group/:id/members/:userId', path)
  }

  async #trespass(person: Person, device: Device, { place, by }: Doing<'trespass'>): Promise<void> {
    await trespass(this, person, device, place, by)
  }

  async #changeOwn(person: Person, device: Device, action: Doing<'edit' | 'delete'>): Promise<void> {
    const { kind, pick, foreign } = action
    const own = pickOf(person.texts, pick)?.messageId
    // Of what is deleted every other was edited before, if there is such: its earlier words have to go too.
    const edited = kind === 'delete' && pick < 0.5 ? pickOf(person.edited, 2 * pick) : undefined
    const messageId = foreign ? pickOf(messagesOf(device), pick)?._id : (edited ?? own)
    if (messageId === undefined) return
    if (kind === 'delete') {
      await changeMessage(device, 'delete_message', { messageId })
      return
    }
    if (!foreign) person.edited.push(messageId)
    await changeMessage(device, 'edit_message', { messageId, content: `${person.words()}, edited` })
  }

  async #react(device: Device, { pick, emoji, remove }: Doing<'react'>): Promise<void> {
    const message = pickOf(messagesOf(device), pick)
    if (!message) return
    await changeMessage(device, 'react', { messageId: message._id, emoji, ...(remove && { remove }) })
  }
}

function messagesOf(device: Device): Message[] {
  return [...device.views.values()].flatMap(({ messages }) => messages)
}

function pickOf<T>(items: readonly T[], fraction: number): T | undefined {
  return items[Math.floor(fraction * items.length)]
}
