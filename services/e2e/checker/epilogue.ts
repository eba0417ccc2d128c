import type { Message } from '@earshot/protocol'
import type { Device } from './device.ts'
import type { Performer } from './performer.ts'
import type { Person } from './person.ts'
import { type Plan, placesOf } from './plan.ts'
import { readPage } from './read-page.ts'
import type { Recorder } from './record.ts'
import { trespass } from './trespass.ts'
import { removalMs } from './verify/membership.ts'

const settleAttempts = 50

/** How long a server is given to come to rest. */
export interface Patience {
  /** For a hole in the numbers to be closed. */
  holePatienceMs: number
  /** Of last words, until all have heard them. */
  lastWordRounds: number
}

export const patient: Patience = { holePatienceMs: 25_000, lastWordRounds: 15 }

export interface Ending {
  plan: Plan
  people: Person[]
  performer: Performer
  recorder: Recorder
  patience: Patience
  /** A device of a user that has never been used. */
  newDevice: (person: Person, name: string) => Device
}

/** What everybody knows in the end: devices that were there, and new ones that read all from the start. */
export interface Ended {
  /** Devices that were there all along. */
  old: Device[]
  fresh: Device[]
}

/** Brings a round to rest, so that what has not come by its end has been lost. */
export async function bringToRest(ending: Ending): Promise<Ended> {
  const { people, recorder, patience } = ending
  await Promise.all(people.map((person) => settle(ending, person)))
  const removals = recorder.entries.filter(
    (entry) => entry.kind === 'call' && entry.name.startsWith('DELETE /group') && entry.answer?.ok,
  )
  const quietFrom = (removals.at(-1)?.at.ms ?? 0) + removalMs + 200
  // Not an outcome is waited for, but the time that the contract allows a removal.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, quietFrom - recorder.stamp().ms)))
  let isHeard = false
  for (let i = 0; !isHeard && i < patience.lastWordRounds; i++) isHeard = await lastWords(ending)
  recorder.mark(isHeard ? 'heard' : 'not heard', 'the last words, by all who are connected')
  await Promise.all(people.map((person) => trespassAll(ending, person)))
  const old = people.flatMap(({ devices }) => devices)
  const fresh = await Promise.all(people.map((person) => readAfresh(ending, person)))
  await Promise.all(
    people.flatMap((person) =>
      person.devices.map((device) =>
        device.catchUp(ending.performer.known(person, device), patience.holePatienceMs),
      ),
    ),
  )
  await Promise.all(fresh.map((device) => listen(device)))
  recorder.mark('end')
  return { old, fresh }
}

/** All devices are connected; what has a key and no answer is sent until it has one. */
async function settle({ performer, recorder }: Ending, person: Person): Promise<void> {
  for (const [i, device] of person.devices.entries()) {
    if (!device.isUp) await device.connect(person.index + i)
    await device.catchUp(performer.known(person, device))
  }
  for (const send of person.keyed.filter(({ isSettled }) => !isSettled)) {
    for (let i = 0; !send.isSettled && i < settleAttempts; i++) {
      await person.send(person.device(i), send)
      if (!send.isSettled) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    if (!send.isSettled) recorder.mark('never settled', JSON.stringify(send.payload))
  }
}

/** In each place somebody speaks; `true` when every device of the place has heard it live. */
async function lastWords({ plan, people, performer }: Ending): Promise<boolean> {
  const heard = await Promise.all(
    plan.places.map(async (place, i) => {
      const speaker = performer.person(place.kind === 'direct' ? place.users[0] : place.owner)
      const device = speaker.device(0)
      const send = speaker.compose(performer.address(speaker, i), { keyed: true, voice: false })
      const members = await membersOf(device, performer.conversation(i), place, people)
      const listeners = members.flatMap(({ devices }) => devices).filter((other) => other !== device)
      const waits = listeners.map((listener) =>
        listener.hears(
          ({ event, payload }) =>
            event.startsWith('new_') && (payload as Message).content === send.payload.content,
          1_500,
        ),
      )
      await speaker.send(device, send)
      return (await Promise.all(waits)).every(Boolean)
    }),
  )
  return heard.every(Boolean)
}

async function membersOf(
  device: Device,
  groupId: string,
  place: Plan['places'][number],
  people: Person[],
): Promise<Person[]> {
  if (place.kind === 'direct') return people.filter(({ index }) => place.users.includes(index))
  const { answer } = await device.http('GET /group/:id', `/group/${groupId}`)
  if (!answer?.ok) return []
  const ids = new Set((answer.members as { userId: string }[]).map(({ userId }) => userId))
  return people.filter(({ identity }) => ids.has(identity.userId))
}

/** Everybody, on each of their devices, tries what is not theirs. */
async function trespassAll({ plan, performer }: Ending, person: Person): Promise<void> {
  const mine = new Set(placesOf(plan, person.index))
  for (const [i, place] of plan.places.entries()) {
    if (place.kind === 'direct' && mine.has(i)) continue
    for (const device of person.devices) {
      const ways = place.kind === 'group' ? (['sync', 'send', 'history'] as const) : (['sync'] as const)
      await Promise.all(ways.map((way) => trespass(performer, person, device, i, way)))
    }
  }
}

/** A device that knows nothing reads all from the start, by `sync` and by pages. */
async function readAfresh({ plan, performer, newDevice, patience }: Ending, person: Person): Promise<Device> {
  const device = newDevice(person, 'new')
  await device.connect(person.index)
  const conversations = plan.places.map((_, i) => performer.conversation(i))
  await device.catchUp(conversations, patience.holePatienceMs)
  const [first] = placesOf(plan, person.index)
  if (first !== undefined) await pageBackwards(device, performer.conversation(first))
  return device
}

async function pageBackwards(device: Device, conversationId: string): Promise<void> {
  let before = ''
  for (let pages = 0; pages < 50; pages++) {
    const { answer } = await readPage(device, conversationId, `limit=50${before}`)
    const [first] = answer?.ok ? (answer.messages as Message[]) : []
    if (!first || first.seq <= 1) return
    before = `&beforeSeq=${first.seq}`
  }
}

/** Fetches voice messages that this user can hear; the verifier compares what comes. */
async function listen(device: Device): Promise<void> {
  const voice = [...device.views.values()].flatMap(({ messages }) =>
    messages.filter(({ messageType, deletedAt }) => messageType === 'voice' && deletedAt === undefined),
  )
  for (const message of voice.slice(-3)) await device.listen(message._id)
}
