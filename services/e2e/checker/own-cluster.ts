import { Cluster, secret } from '../src/cluster.ts'
import { ServiceProcess } from '../src/service-process.ts'
import { mintToken } from '../src/tokens.ts'
import { Wire } from '../src/wire.ts'
import type { Faults, Identity, Target } from './target.ts'

export interface OwnClusterOptions {
  nodes: number
  /** Gateways as processes of their own, as in production; otherwise in this one, which starts faster. */
  processes: boolean
  /** Gateways that can be killed, and a wire to Redis that can be cut. Implies `processes`. */
  faults: boolean
}

/** Users of a test write faster than people. */
const env = { LIMIT_SENDS_PER_SECOND: '100000', LIMIT_SENDS_BURST: '100000', PRESENCE_BROADCAST: 'false' }

/** A cluster of the checker's own, gone with it. */
export class OwnCluster implements Target {
  readonly cluster = new Cluster(env)
  readonly #options: OwnClusterOptions
  readonly #processes: ServiceProcess[] = []
  readonly #wires: Wire[] = []
  #started = 0

  private constructor(options: OwnClusterOptions) {
    this.#options = options
  }

  static async start(options: OwnClusterOptions): Promise<OwnCluster> {
    const own = new OwnCluster(options)
    try {
      await own.#start()
    } catch (error) {
      await own.close()
      throw error
    }
    return own
  }

  get db() {
    return this.cluster.db
  }

  get faults(): Faults | undefined {
    if (!this.#options.faults) return undefined
    return {
      kill: () => this.#kill(),
      cut: () => this.#cut(),
      mend: () => this.#mend(),
      forget: (conversationId) => this.#forget(conversationId),
    }
  }

  urls(): string[] {
    const ports = this.#options.processes ? this.#processes : this.cluster.gateways
    return ports.map(({ port }) => `http://127.0.0.1:${port}`)
  }

  async identify(name: string): Promise<Identity> {
    return { userId: name, token: await mintToken(secret, name) }
  }

  async close(): Promise<void> {
    this.#mend()
    await Promise.all(this.#processes.map((process) => process.kill()))
    await this.cluster.close()
    for (const wire of this.#wires) wire.close()
  }

  async #start(): Promise<void> {
    const { nodes, processes } = this.#options
    if (processes) {
      const started = await Promise.all(Array.from({ length: nodes }, (_, i) => this.#startProcess(i)))
      this.#processes.push(...started)
    } else {
      for (let i = 0; i < nodes; i++) await this.cluster.addGateway()
    }
    await this.cluster.addWorker()
  }

  /** The node's place tells which wire it is on: the second one's can be cut. */
  async #startProcess(place: number): Promise<ServiceProcess> {
    const nodeEnv: Record<string, string> = {
      ...this.cluster.env,
      NODE_ID: `gateway-${place}-${this.#started++}`,
    }
    if (this.#options.faults && place === 1) nodeEnv.REDIS_URL = await this.#wire(nodeEnv.REDIS_URL ?? '')
    return ServiceProcess.start('gateway', nodeEnv)
  }

  async #wire(url: string): Promise<string> {
    const through = await Wire.to(url)
    this.#wires.push(through.wire)
    return through.url
  }

  async #kill(): Promise<string> {
    const place = this.#processes.length - 1
    await this.#processes[place]?.kill('SIGKILL')
    this.#processes[place] = await this.#startProcess(place)
    return `node ${place}`
  }

  #cut(): string {
    for (const wire of this.#wires) wire.cut()
    return 'node 1'
  }

  #mend(): void {
    for (const wire of this.#wires) wire.mend()
  }

  async #forget(conversationId: string): Promise<string> {
    const { redis, prefix } = this.cluster
    const keys = await redis.keys(`${prefix}:{${conversationId}}:*`)
    if (keys.length > 0) await redis.del(keys)
    return `${conversationId}: ${keys.length} keys`
  }
}
