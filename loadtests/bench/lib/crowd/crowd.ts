import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Servers } from '../servers.ts'
import type { Fetched, Order, Talked, TalkOrder } from './orders.ts'

export interface CrowdOptions {
  userIds: readonly string[]
  groupIds?: string[]
  /** Connections under way at once. */
  atOnce?: number
}

/** Two keep up with any server on the same machine, and are no more than the cores of a small one. */
const processes = 2
let runs = 0

/**
 * Many clients with one socket each, in processes of their own: what they do neither waits for the harness nor counts as the
 * servers'. Neighbours in the list are on different nodes, and in one process, so that one clock measures what goes between them.
 */
export class Crowd {
  readonly #servers: Servers
  readonly #children: ChildProcess[]
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #orders = 0
  /** In each process. */
  readonly #sizes = Array.from({ length: processes }, () => 0)

  constructor(servers: Servers) {
    this.#servers = servers
    this.#children = Array.from({ length: processes }, () => {
      const program = fileURLToPath(new URL('./crowd-process.ts', import.meta.url))
      const child = fork(program, { serialization: 'advanced' })
      child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
        const asked = this.#waiting.get(id)
        this.#waiting.delete(id)
        if (error === undefined) asked?.resolve(result)
        else asked?.reject(new Error(error))
      })
      child.on('exit', (code, signal) => {
        const why = new Error(`a process of the crowd has ended: ${code ?? signal}`)
        for (const asked of this.#waiting.values()) asked.reject(why)
      })
      return child
    })
  }

  /** Resolves when all are connected, beside those who are. */
  async connect({ userIds, groupIds = [], atOnce = 100 }: CrowdOptions): Promise<void> {
    const { jwtSecret, nodes } = this.#servers
    const people = userIds.map((userId, i) => ({ userId, url: this.#servers.url(i % nodes) }))
    const each = 2 * Math.ceil(people.length / 2 / processes)
    await this.#askAll((i) => {
      const own = people.slice(i * each, (i + 1) * each)
      this.#sizes[i] = (this.#sizes[i] ?? 0) + own.length
      return { what: 'connect', jwtSecret, people: own, groupIds, atOnce: Math.ceil(atOnce / processes) }
    })
  }

  /** Messages, their pace and how many may be unfinished are divided among the processes. */
  async talk(order: Omit<TalkOrder, 'run'>): Promise<Talked> {
    const run = `b${process.pid}-${++runs}`
    const { messages, perSecond, unfinished, kind } = order
    if (messages % processes !== 0) throw new RangeError(`an even number of messages, not ${messages}`)
    const partOf = (i: number): TalkOrder => ({
      ...order,
      run: `${run}${'ab'[i]}`,
      messages: messages / processes,
      firstNumber: (i * messages) / processes,
      ...(perSecond !== undefined && { perSecond: perSecond / processes }),
      ...(unfinished !== undefined && { unfinished: Math.ceil(unfinished / processes) }),
      // Everybody hears what is said in a group.
      ...(kind === 'group' && { deliveries: messages * (this.#sizes[i] ?? 0) }),
    })
    await this.#askAll((i) => ({ what: 'prepare', talk: partOf(i) }))
    const parts = await this.#askAll<Talked>(() => ({ what: 'talk' }))
    const sum = (of: (part: Talked) => number) => parts.reduce((all, part) => all + of(part), 0)
    return {
      sent: sum(({ sent }) => sent),
      acked: sum(({ acked }) => acked),
      delivered: sum(({ delivered }) => delivered),
      doubled: sum(({ doubled }) => doubled),
      altered: sum(({ altered }) => altered),
      stored: sum(({ stored }) => stored),
      elapsedMs: Math.max(...parts.map(({ elapsedMs }) => elapsedMs)),
      latenciesMs: Float64Array.from(parts.flatMap(({ latenciesMs }) => [...latenciesMs])),
    }
  }

  /** Fetches the audio of some messages of the last talk as their recipients, and compares it with what was sent. */
  async fetch(messages: number): Promise<Fetched> {
    const each = Math.ceil(messages / processes)
    const parts = await this.#askAll<Fetched>(() => ({ what: 'fetch', messages: each }))
    return {
      same: parts.reduce((all, { same }) => all + same, 0),
      wrong: parts.flatMap(({ wrong }) => wrong),
    }
  }

  /** The SHA-256 of what each message of the last talk carried, by the message's id. */
  async hashes(): Promise<Map<string, string>> {
    const parts = await this.#askAll<[string, string][]>(() => ({ what: 'hashes' }))
    return new Map(parts.flat())
  }

  /** Resolves when all have hung up; they may connect again. */
  async disconnect(): Promise<void> {
    await this.#askAll(() => ({ what: 'close' }))
    this.#sizes.fill(0)
  }

  end(): void {
    for (const child of this.#children) {
      child.removeAllListeners('exit')
      child.kill()
    }
  }

  async #askAll<T>(order: (i: number) => Order): Promise<T[]> {
    return (await Promise.all(
      this.#children.map((child, i) => {
        const asked = Promise.withResolvers<unknown>()
        const id = ++this.#orders
        this.#waiting.set(id, asked)
        child.send({ id, order: order(i) })
        return asked.promise
      }),
    )) as T[]
  }
}
