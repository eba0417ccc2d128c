import type { Message, UserStatus } from '@earshot/protocol'
import type { Saboteur, Victim } from './proxy.ts'

/**
 * Each a fault that a cluster might have, in one message (or word of presence) of so many; `no-open` is one of k6, which may
 * miss a connection's first packet.
 */
export type Fault =
  | 'no-open'
  | 'drop'
  | 'lose'
  | 'double'
  | 'reorder'
  | 'leak'
  | 'alter'
  | 'presence'
  | 'presence-silent'
  | 'presence-answer'
  | 'last-seen'

const messageEvent = /^42\["new_(?:group_)?message",/
const statusEvent = '42["user_status_changed",'
const anAnswer = /^43\d+\[/
const aSubscription = /^43\d+\[\{"ok":true,"statuses":/

/** Does the fault to every so many-th chance. `count` says how often it has. */
export class FaultSaboteur implements Saboteur {
  count = 0
  readonly #fault: Fault | undefined
  readonly #every: number
  #chances = 0
  readonly #victims = new Set<Victim>()
  /** Conversations that a client has heard of, so that another one is an outsider. */
  readonly #heard = new Map<Victim, Set<string>>()
  readonly #lost = new Set<string>()
  /** A message that waits for the sender's next one. */
  readonly #held = new Map<Victim, { text: string; message: Message }>()

  /** @param fault none: everything passes */
  constructor(fault: Fault | undefined, every: number) {
    this.#fault = fault
    this.#every = every
  }

  opened(victim: Victim): void {
    this.#victims.add(victim)
    this.#heard.set(victim, new Set())
  }

  closed(victim: Victim): void {
    this.#victims.delete(victim)
    this.#heard.delete(victim)
    this.#held.delete(victim)
  }

  frame(text: string, victim: Victim, pass: () => void): void {
    if (text.startsWith('0{') && this.#isChance(['no-open'])) return
    if (messageEvent.test(text)) this.#onMessage(text, victim, pass)
    else if (text.startsWith(statusEvent)) this.#onStatus(text, victim, pass)
    else if (aSubscription.test(text)) victim.send(this.#subscription(text))
    else if (this.#lost.size > 0 && anAnswer.test(text)) victim.send(this.#withoutLost(text))
    else pass()
  }

  #onMessage(text: string, victim: Victim, pass: () => void): void {
    const [event, message] = JSON.parse(text.slice(2)) as [string, Message]
    this.#heard.get(victim)?.add(message.conversationId)
    const held = this.#held.get(victim)
    if (held && isSameSender(held.message, message)) {
      this.#held.delete(victim)
      pass()
      victim.send(held.text)
      return
    }
    if (this.#lost.has(message._id)) return
    if (!this.#isChance(['drop', 'lose', 'double', 'reorder', 'leak', 'alter'])) pass()
    else if (this.#fault === 'lose') this.#lost.add(message._id)
    else if (this.#fault === 'reorder') this.#held.set(victim, { text, message })
    else if (this.#fault === 'alter')
      victim.send(`42${JSON.stringify([event, { ...message, content: 'Other words.' }])}`)
    else if (this.#fault !== 'drop') {
      pass()
      if (this.#fault === 'double') pass()
      else this.#outsider(message)?.send(text)
    }
  }

  #onStatus(text: string, victim: Victim, pass: () => void): void {
    const [event, status] = JSON.parse(text.slice(2)) as [string, UserStatus]
    const { isOnline, lastSeen } = status
    if (lastSeen === null || !this.#isChance(['presence', 'presence-silent', 'last-seen'])) {
      pass()
      return
    }
    if (this.#fault === 'presence-silent') return
    const hourBefore = new Date(Date.parse(lastSeen) - 3_600_000).toISOString()
    const lie = this.#fault === 'presence' ? { isOnline: !isOnline } : { lastSeen: hourBefore }
    victim.send(`42${JSON.stringify([event, { ...status, ...lie }])}`)
  }

  /** Of one of those whom a client subscribes to it is told the opposite. */
  #subscription(text: string): string {
    const head = text.slice(0, text.indexOf('['))
    const [answer] = JSON.parse(text.slice(head.length)) as [{ statuses: UserStatus[] }]
    for (const status of answer.statuses)
      if (this.#isChance(['presence-answer'])) status.isOnline = !status.isOnline
    return head + JSON.stringify([answer])
  }

  /** Not by asking either: `sync` does not tell of it, to anybody. */
  #withoutLost(text: string): string {
    const head = text.slice(0, text.indexOf('['))
    const answer = JSON.parse(text.slice(head.length)) as [
      { conversations?: Record<string, { messages: Message[] }> },
    ]
    for (const conversation of Object.values(answer[0]?.conversations ?? {}))
      conversation.messages = conversation.messages.filter(({ _id }) => !this.#lost.has(_id))
    return head + JSON.stringify(answer)
  }

  #outsider({ conversationId }: Message): Victim | undefined {
    return [...this.#victims].find((victim) => !this.#heard.get(victim)?.has(conversationId))
  }

  #isChance(faults: readonly Fault[]): boolean {
    if (this.#fault === undefined || !faults.includes(this.#fault)) return false
    this.#chances++
    if (this.#chances % this.#every !== 0) return false
    this.count++
    return true
  }
}

function isSameSender(a: Message, b: Message): boolean {
  return a.conversationId === b.conversationId && a.sender._id === b.sender._id
}
