import { CodedError, defaultLimits, type Limits } from '@earshot/protocol'

/** So little is never too much, whatever an operator allows: the limits are not asked for. */
const alwaysFitsBytes = 64_000
/** What Socket.IO and the event's name add. */
const envelopeBytes = 1_000

/**
 * Refuses what the server would close the connection over without a word: an event that is larger than it reads. Such an
 * event would be sent again after each reconnect, and close that one too.
 */
export class PayloadGuard {
  readonly #ask: () => Promise<Limits>
  #limits: Promise<Limits> | undefined

  /** @param ask for the limits; once, when something large is to be sent */
  constructor(ask: () => Promise<Limits>) {
    this.#ask = ask
  }

  /**
   * `undefined` at once for what is small, so that it overtakes nothing.
   * @throws {CodedError} `TOO_LARGE`, in the promise
   */
  check(payload: unknown): Promise<void> | undefined {
    return roughBytes(payload) <= alwaysFitsBytes ? undefined : this.#check(payload)
  }

  async #check(payload: unknown): Promise<void> {
    const { socketMaxBytes } = await this.#known()
    if (exactBytes(payload) + envelopeBytes <= socketMaxBytes) return
    const message = `An event has ${socketMaxBytes} bytes at most: upload it, and send the /media/<id> of the upload.`
    throw new CodedError('TOO_LARGE', message)
  }

  async #known(): Promise<Limits> {
    this.#limits ??= this.#ask()
    try {
      return await this.#limits
    } catch {
      // Asked again with the next one; the server's own check comes after this one.
      this.#limits = undefined
      return defaultLimits
    }
  }
}

/** No less than it has on the wire: a character takes six bytes at most, as an escape. */
function roughBytes(payload: unknown): number {
  if (typeof payload === 'string') return payload.length * 6 + 2
  if (typeof payload !== 'object' || payload === null) return 32
  if (isBinary(payload)) return payload.byteLength
  return Object.entries(payload).reduce(
    (sum, [name, value]) => sum + name.length * 6 + 4 + roughBytes(value),
    2,
  )
}

/** Binary is sent beside the JSON, as it is. */
function exactBytes(payload: unknown): number {
  let binary = 0
  const json = JSON.stringify(payload, (_name, value: unknown) => {
    if (!isBinary(value)) return value
    binary += value.byteLength
    return ''
  })
  return binary + new TextEncoder().encode(json).length
}

function isBinary(value: unknown): value is ArrayBuffer | ArrayBufferView {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value)
}
