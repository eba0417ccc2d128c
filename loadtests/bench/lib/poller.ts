import { Agent, request } from 'node:http'
import { mintToken } from './token.ts'

/** A client that asks by HTTP over a connection of its own, which it keeps, and remembers the tag of the last answer. */
export class Poller {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #tag: string | undefined

  constructor(url: string, jwtSecret: string, userId: string) {
    this.#url = url
    this.#headers = { authorization: `Bearer ${mintToken(jwtSecret, userId)}` }
  }

  /** @throws {Error} for every answer that is neither a success nor "unchanged" */
  async get(path: string, keepsTag: boolean): Promise<void> {
    const known = keepsTag && this.#tag !== undefined ? { 'if-none-match': this.#tag } : {}
    await this.#ask('GET', path, known)
  }

  /** @throws {Error} for every answer that is no success */
  async post(path: string, json: string): Promise<void> {
    await this.#ask('POST', path, { 'content-type': 'application/json' }, json)
  }

  async #ask(method: string, path: string, more: Record<string, string>, body?: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(
        this.#url + path,
        { method, agent: this.#agent, headers: { ...this.#headers, ...more } },
        (response) => {
          response.resume().once('end', resolve).once('error', reject)
          if (response.statusCode === 200) this.#tag = response.headers.etag
          else if (response.statusCode !== 304) reject(new Error(`${method} ${path}: ${response.statusCode}`))
        },
      )
      outgoing.once('error', reject).end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
