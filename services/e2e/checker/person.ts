import type { Message, SendAck } from '@earshot/protocol'
import { dataUrl, webm } from '../src/speech.ts'
import type { Device } from './device.ts'
import type { Call } from './record.ts'
import type { Identity } from './target.ts'

/** A message with a key: it may be sent again until its fate is known. */
export interface KeyedSend {
  event: string
  payload: Record<string, unknown>
  isSettled: boolean
}

/** Where to: the fields of the payload that say it. */
export type Address = { recipientId: string } | { groupId: string }

/** A user of the plan with their devices, and what they remember of their own deeds. */
export class Person {
  readonly index: number
  readonly identity: Identity
  readonly devices: Device[]
  readonly keyed: KeyedSend[] = []
  /** Their texts that were acknowledged, to be edited and deleted. */
  readonly texts: { messageId: string; content: string }[] = []
  /** Those of them that they asked to edit. */
  readonly edited: string[] = []
  #said = 0

  constructor(index: number, identity: Identity, devices: Device[]) {
    this.index = index
    this.identity = identity
    this.devices = devices
  }

  device(index: number): Device {
    const device = this.devices[index % this.devices.length]
    if (!device) throw new RangeError('a person without a device')
    return device
  }

  /** Words that nobody says twice: by them a message is known, whatever its id. */
  words(): string {
    return `${this.identity.userId} says ${this.#said++}`
  }

  compose(address: Address, { keyed, voice }: { keyed: boolean; voice: boolean }): KeyedSend {
    const content = this.words()
    const isGroup = 'groupId' in address
    const key = keyed && { clientMessageId: `key of: ${content}` }
    if (!voice) {
      const payload = { ...address, ...(isGroup && { messageType: 'text' }), content, ...key }
      return this.#remember({ event: isGroup ? 'group_message' : 'message', payload, isSettled: false })
    }
    // Just enough to be taken for a recording.
    const bytes = webm(Buffer.from(content))
    const voiceMessage = { url: dataUrl(bytes), duration: 1, mimeType: 'audio/webm', size: bytes.length }
    const payload = { ...address, ...(isGroup && { messageType: 'voice' }), voiceMessage, ...key }
    return this.#remember({ event: isGroup ? 'group_message' : 'voice_message', payload, isSettled: false })
  }

  #remember(send: KeyedSend): KeyedSend {
    if ('clientMessageId' in send.payload) this.keyed.push(send)
    return send
  }

  async send(device: Device, send: KeyedSend): Promise<Call> {
    const call = await device.call(send.event, send.payload)
    if (!call.answer) return call
    if (call.answer.ok) {
      const ack = call.answer as unknown as SendAck
      if (!send.isSettled) this.#settle(send, ack)
      device.learn(this.#toMessage(send, ack))
    } else if (!['RETRY_LATER', 'RATE_LIMITED', 'INTERNAL'].includes(call.answer.error.code)) {
      send.isSettled = true
    }
    return call
  }

  #settle(send: KeyedSend, { _id }: SendAck): void {
    send.isSettled = true
    if (typeof send.payload.content === 'string') {
      this.texts.push({ messageId: _id, content: send.payload.content })
    }
  }

  /** What a client shows of its own message once it is acknowledged. */
  #toMessage({ payload, event }: KeyedSend, ack: SendAck): Message {
    const { content = '', clientMessageId, recipientId, groupId } = payload as Record<string, string>
    const isVoice = event === 'voice_message' || payload.messageType === 'voice'
    return {
      _id: ack._id,
      conversationId: ack.conversationId,
      seq: ack.seq,
      createdAt: ack.createdAt,
      status: 'sent',
      sender: { _id: this.identity.userId, name: '' },
      messageType: isVoice ? 'voice' : 'text',
      content,
      ...(clientMessageId !== undefined && { clientMessageId }),
      ...(recipientId !== undefined && { recipientId }),
      ...(groupId !== undefined && { groupId }),
    }
  }
}
