import type { Device } from './device.ts'
import type { Performer } from './performer.ts'
import type { Person } from './person.ts'
import { readPage } from './read-page.ts'

/** Tries what is none of theirs; the verifier knows whose it is. */
export async function trespass(
  performer: Performer,
  person: Person,
  device: Device,
  place: number,
  by: 'sync' | 'history' | 'send',
): Promise<void> {
  const conversationId = performer.conversation(place)
  const address = performer.address(person, place)
  if (by === 'sync') await device.call('sync', { conversations: { [conversationId]: 0 } })
  else if (by === 'send' && 'groupId' in address) {
    await person.send(device, person.compose(address, { keyed: false, voice: false }))
  } else await readPage(device, conversationId, 'limit=20')
}
