import { Device } from './device.ts'
import { Person } from './person.ts'
import type { Capability } from './plan.ts'
import { Recorder } from './record.ts'
import type { Target } from './target.ts'

/** Asks a server what it can do of what the protocol says: once, with a message to oneself. */
export async function capabilitiesOf(target: Target, tag: string): Promise<Set<Capability>> {
  const recorder = new Recorder()
  const identity = await target.identify(`${tag}scout`)
  const device = new Device({ identity, name: 'scout', target, recorder, learned: () => undefined })
  const person = new Person(0, identity, [device])
  await device.connect(0)
  const send = person.compose({ recipientId: identity.userId }, { keyed: true, voice: false })
  const sent = await person.send(device, send)
  if (!sent.answer?.ok) throw new Error(`the scout cannot send: ${JSON.stringify(sent.answer)}`)
  const messageId = sent.answer._id
  const tries: [Capability, string, object][] = [
    ['react', 'react', { messageId, emoji: '👍' }],
    ['edit', 'edit_message', { messageId, content: 'edited' }],
    ['delete', 'delete_message', { messageId }],
  ]
  const can = new Set<Capability>()
  for (const [capability, event, payload] of tries) {
    const { answer } = await device.call(event, payload)
    if (answer?.ok) can.add(capability)
  }
  device.drop(false)
  return can
}
