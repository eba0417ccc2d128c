import { createECDH, createPublicKey, type ECDH, randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Notification, PushSubscriptionInput } from '@earshot/protocol'
import { decrypt } from 'http_ece'
import { jwtVerify } from 'jose'
import type { Test } from 'tap'

type Answer = [status: number, headers?: Record<string, string>]

/** What arrived at a device, decrypted by it. */
export interface Arrived {
  notification: Notification
  headers: IncomingMessage['headers']
}

/** A browser that is subscribed: it alone can read what it is sent. */
export class PushDevice {
  readonly arrived: Arrived[] = []
  readonly subscription: PushSubscriptionInput
  /** How its push service answers, one after the other; then 201. */
  readonly answers: Answer[] = []
  asked = 0
  readonly #events = new EventEmitter()
  readonly #key: ECDH
  readonly #auth = randomBytes(16).toString('base64url')

  constructor(serviceUrl: string, path: string) {
    this.#key = createECDH('prime256v1')
    const p256dh = this.#key.generateKeys().toString('base64url')
    this.subscription = {
      endpoint: `${serviceUrl}/${path}`,
      expirationTime: null,
      keys: { p256dh, auth: this.#auth },
    }
  }

  /** Resolves when so many have arrived. */
  async arrives(count: number): Promise<void> {
    while (this.arrived.length < count) await once(this.#events, 'arrived')
  }

  take(body: Buffer, headers: IncomingMessage['headers']): Answer {
    this.asked++
    const answer = this.answers.shift() ?? [201]
    if (answer[0] !== 201) return answer
    const text = decrypt(body, { version: 'aes128gcm', privateKey: this.#key, authSecret: this.#auth })
    this.arrived.push({ notification: JSON.parse(text.toString('utf8')), headers })
    this.#events.emit('arrived')
    return answer
  }
}

/** The side of a push service that application servers talk to (RFC 8030), as strict as a real one about VAPID. */
export class PushService {
  readonly url: string
  readonly #devices: Map<string, PushDevice>

  private constructor(url: string, devices: Map<string, PushDevice>) {
    this.url = url
    this.#devices = devices
  }

  /** @param publicKey of the only sender that may send */
  static async start(t: Test, publicKey: string): Promise<PushService> {
    const devices = new Map<string, PushDevice>()
    const server = createServer((request, response) => void answer(request, response))
    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const body = await buffer(request)
      const device = devices.get(request.url?.slice(1) ?? '')
      if (!device) {
        response.writeHead(404).end()
        return
      }
      try {
        const { headers } = request
        await verifyVapid(headers.authorization ?? '', publicKey, service.url)
        if (headers['content-encoding'] !== 'aes128gcm' || !headers.ttl) throw new Error('headers')
        const [status, given] = device.take(body, headers)
        response.writeHead(status, given).end()
      } catch {
        response.writeHead(403).end()
      }
    }
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const service = new PushService(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, devices)
    return service
  }

  device(): PushDevice {
    const path = randomBytes(16).toString('base64url')
    const device = new PushDevice(this.url, path)
    this.#devices.set(path, device)
    return device
  }
}

async function verifyVapid(authorization: string, publicKey: string, audience: string): Promise<void> {
  const [, token = '', key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(authorization) ?? []
  if (key !== publicKey) throw new Error('not the key that the browser subscribed with')
  const point = Buffer.from(publicKey, 'base64url')
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const verifier = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  const { payload } = await jwtVerify(token, verifier, { audience, algorithms: ['ES256'] })
  if (!payload.sub?.startsWith('mailto:') || (payload.exp ?? 0) > Date.now() / 1_000 + 86_400) {
    throw new Error('claims')
  }
}
