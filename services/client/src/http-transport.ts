import { CodedError } from '@earshot/protocol'
import { tokenFrom } from './options.ts'
import { isRetryable, type RetryPolicy, retryDelayMs, sleep } from './retry.ts'
import { fromHttpStatus, fromWire } from './wire-error.ts'

/** For reading: a node may die with a request in its hands. */
const readPolicy: RetryPolicy = { maxTries: 4, baseDelayMs: 200, maxDelayMs: 2_000 }

export interface HttpTransportOptions {
  /** Origin of the service, e.g. `https://chat.example.org`. */
  url: string
  getToken?: () => string | Promise<string>
  /** For the whole request, its answer included. Default 30,000. */
  timeoutMs?: number
}

export interface HttpRequest {
  query?: Record<string, string | number | undefined>
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  raw?: Blob
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** Instead of the transport's own. */
  timeoutMs?: number
}

/** `fetch` with our token, our errors and a limit in time. What only reads is tried a few times. */
export class HttpTransport {
  readonly #base: string
  readonly #getToken: HttpTransportOptions['getToken']
  readonly #timeoutMs: number

  constructor(options: HttpTransportOptions) {
    this.#base = options.url.replace(/\/+$/, '')
    this.#getToken = options.getToken
    this.#timeoutMs = options.timeoutMs ?? 30_000
  }

  async json<T>(method: string, path: string, request?: HttpRequest): Promise<T> {
    return whole(await this.request(method, path, request), (response) => response.json() as Promise<T>)
  }

  /** The bytes behind a path. */
  async blob(path: string): Promise<Blob> {
    return whole(await this.request('GET', path), (response) => response.blob())
  }

  async request(method: string, path: string, request?: HttpRequest): Promise<Response> {
    const givenUpAt = performance.now() + (request?.timeoutMs ?? this.#timeoutMs)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(method, path, request)
      } catch (error) {
        const isFinal = method !== 'GET' || !isRetryable(error) || request?.signal?.aborted
        if (isFinal || tries >= readPolicy.maxTries) throw error
        const delayMs = retryDelayMs(readPolicy, tries, error.retryAfterMs)
        if (performance.now() + delayMs > givenUpAt) throw error
        await sleep(delayMs)
      }
    }
  }

  async #once(
    method: string,
    path: string,
    { query, body, raw, signal, timeoutMs = this.#timeoutMs, ...request }: HttpRequest = {},
  ): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    const token = this.#getToken && (await tokenFrom(this.#getToken))
    if (token) headers.authorization = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const limit = AbortSignal.timeout(timeoutMs)
    const init: RequestInit = { method, headers, signal: signal ? AbortSignal.any([signal, limit]) : limit }
    if (body !== undefined) init.body = JSON.stringify(body)
    else if (raw) init.body = raw
    const response = await this.#fetch(`${this.#base}${path}${queryString(query)}`, init)
    if (!response.ok) throw await errorOf(response)
    return response
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init)
    } catch (cause) {
      throw new CodedError('RETRY_LATER', 'The server cannot be reached.', { cause })
    }
  }
}

/** A connection may end in the middle of an answer. */
async function whole<T>(response: Response, read: (response: Response) => Promise<T>): Promise<T> {
  try {
    return await read(response)
  } catch (cause) {
    throw new CodedError('RETRY_LATER', 'The answer of the server did not arrive whole.', { cause })
  }
}

function queryString(query: HttpRequest['query'] = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value))
  }
  return parameters.size > 0 ? `?${parameters}` : ''
}

async function errorOf(response: Response): Promise<CodedError> {
  const text = await whole(response, (failed) => failed.text())
  try {
    const coded = fromWire((JSON.parse(text) as { error?: unknown } | null)?.error)
    if (coded) return coded
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  return fromHttpStatus(response.status)
}
