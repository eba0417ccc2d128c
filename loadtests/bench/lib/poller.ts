import { Agent, request } from 'node:http'
import type { Servers } from './servers.ts'
import { mintToken } from './token.ts'

/** A client that asks by HTTP over a connection of its own, which it keeps, and remembers the tag of the last answer. */
export class Poller {
  readonly #url: string
  readonly #headers: Record<string, string>
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #tag: string | undefined

  constructor(servers: Servers, userId: string, node: number) {
    this.#url = servers.url(node)
    this.#headers = { authorization: `Bearer ${mintToken(servers.jwtSecret, userId)}` }
  }

  /** @throws {Error} for every answer that is neither a success nor "unchanged" */
  async get(path: string, keepsTag: boolean): Promise<void> {
    const known = keepsTag && this.#tag !== undefined ? { 'if-none-match': this.#tag } : {}
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(
        this.#url + path,
        { agent: this.#agent, headers: { ...this.#headers, ...known } },
        (response) => {
          response.resume().once('end', resolve).once('error', reject)
          if (response.statusCode === 200) this.#tag = response.headers.etag
          else if (response.statusCode !== 304) reject(new Error(`GET ${path}: ${response.statusCode}`))
        },
      )
      outgoing.once('error', reject).end()
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
