import { randomUUID } from 'node:crypto'
import { toCodedError } from '@earshot/core/clients/unavailable'
import type { Logger } from '@earshot/core/observability/logger'
import type { Metrics } from '@earshot/core/observability/metrics'
import {
  type AckBody,
  type ClientEventName,
  type ClientPayload,
  CodedError,
  clientEvents,
} from '@earshot/protocol'
import type { RealtimeSocket } from '@earshot/realtime'
import { type Check, compileCheck } from '../validation/check.ts'

/** Whose event this is, and under which id it is found in every log, up to the worker's. */
export interface EventContext {
  socket: RealtimeSocket
  userId: string
  name: string
  correlationId: string
}

export type Handlers = {
  [E in ClientEventName]: (context: EventContext, payload: ClientPayload<E>) => Promise<AckBody<E>>
}

type AnyHandler = (context: EventContext, payload: unknown) => Promise<object>
type AnyAck = (answer: object) => void
type Route = { check: Check; handle: AnyHandler }

/**
 * The way of every event: validate → handle → acknowledge. An error of any kind becomes the ack's `error`; without an
 * ack, an `error_message`.
 */
export class EventRouter {
  readonly #routes = new Map<string, Route>()
  readonly #log: Logger
  readonly #metrics: Metrics
  /** One for all sockets: a socket costs memory. */
  readonly #onError: (this: RealtimeSocket, err: Error) => void
  /** For all events, too. */
  readonly #onAny: (this: RealtimeSocket, event: string, ...args: unknown[]) => void

  constructor(deps: { handlers: Handlers; log: Logger; metrics: Metrics }) {
    this.#log = deps.log
    this.#metrics = deps.metrics
    for (const name of Object.keys(clientEvents) as ClientEventName[]) {
      this.#routes.set(name, {
        check: compileCheck(clientEvents[name].payload, 'The payload'),
        handle: deps.handlers[name] as AnyHandler,
      })
    }
    const router = this
    this.#onError = function onError(err) {
      router.#log.debug({ err, userId: this.data.userId }, 'broken packet')
    }
    this.#onAny = function onAny(event, ...args) {
      const last = args.at(-1)
      const ack = typeof last === 'function' ? (args.pop() as AnyAck) : undefined
      void router.#dispatch(this, event, args, ack)
    }
  }

  attach(socket: RealtimeSocket): void {
    // What is no packet at all: Socket.IO closes the connection, and without a listener fills stderr with stacks. Its own does nothing.
    socket.removeAllListeners('error')
    socket.on('error', this.#onError)
    socket.onAny(this.#onAny)
  }

  async #dispatch(socket: RealtimeSocket, event: string, args: unknown[], ack?: AnyAck): Promise<void> {
    const correlationId = randomUUID()
    const { userId, name } = socket.data
    const route = this.#routes.get(event)
    // A name that a client made up must not become a label.
    const label = route ? event : 'unknown'
    try {
      if (!route) throw new CodedError('BAD_REQUEST', 'There is no such event.')
      if (args.length > 1) throw new CodedError('BAD_REQUEST', 'An event has one payload.')
      route.check(args[0])
      const answer = await route.handle({ socket, userId, name, correlationId }, args[0])
      this.#metrics.events.inc({ event: label, code: 'OK' })
      this.#log.debug({ event: label, userId, correlationId }, 'event')
      ack?.({ ok: true, ...answer })
    } catch (err) {
      const error = toCodedError(err)
      this.#metrics.events.inc({ event: label, code: error.code })
      if (error.code === 'INTERNAL')
        this.#log.error({ err, event: label, userId, correlationId }, 'event failed')
      else this.#log.debug({ err, event: label, userId, correlationId }, 'event refused')
      if (ack) ack({ ok: false, error: error.toWire() })
      else socket.emit('error_message', { event: String(event).slice(0, 100), error: error.toWire() })
    }
  }
}
