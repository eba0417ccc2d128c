import { type Db, MongoClient } from 'mongodb'
import { mintToken } from '../src/tokens.ts'
import type { Identity, Target } from './target.ts'

/**
 * A cluster that runs already, at one or several comma-separated addresses. Its users come by tokens of its
 * `JWT_SECRET` where that is known, by `POST /user/register` where not.
 */
export class RunningCluster implements Target {
  readonly db: Db | undefined
  readonly #urls: string[]
  readonly #secret: string | undefined
  readonly #mongo: MongoClient | undefined

  constructor(env: { TARGET: string; JWT_SECRET?: string | undefined; MONGODB_URI?: string | undefined }) {
    this.#urls = env.TARGET.split(',').map((url) => url.trim().replace(/\/$/, ''))
    this.#secret = env.JWT_SECRET
    this.#mongo = env.MONGODB_URI ? new MongoClient(env.MONGODB_URI) : undefined
    this.db = this.#mongo?.db()
  }

  urls(): string[] {
    return this.#urls
  }

  async identify(name: string): Promise<Identity> {
    if (this.#secret) return { userId: name, token: await mintToken(this.#secret, name) }
    const response = await fetch(`${this.#urls[0]}/user/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: name, password: `${name}-password` }),
    })
    if (!response.ok) throw new Error(`POST /user/register: ${response.status} ${await response.text()}`)
    const { _id: userId, token } = (await response.json()) as { _id: string; token: string }
    return { userId, token }
  }

  async close(): Promise<void> {
    await this.#mongo?.close()
  }
}
