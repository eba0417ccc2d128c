import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Notification } from '@earshot/protocol'
import { Webhook } from 'standardwebhooks'
import type { Test } from 'tap'

export interface Called {
  id: string
  type: string
  data: Notification & { recipients: string[] }
  raw: { body: string; headers: Record<string, string> }
}

/** An operator's own system: it believes nothing that is not signed, and answers as a test scripts it, then 204. */
export class WebhookReceiver {
  readonly url: string
  readonly called: Called[] = []
  readonly answers: number[]
  refused = 0

  private constructor(url: string, answers: number[]) {
    this.url = url
    this.answers = answers
  }

  static async start(t: Test, secret: string, ...answers: number[]): Promise<WebhookReceiver> {
    const server = createServer(async (request, response) => {
      const body = await text(request)
      try {
        receiver.called.push(verified(secret, body, request))
        response.writeHead(receiver.answers.shift() ?? 204).end()
      } catch {
        receiver.refused++
        response.writeHead(401).end()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const receiver = new WebhookReceiver(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
      answers,
    )
    return receiver
  }
}

function verified(secret: string, body: string, { headers }: IncomingMessage): Called {
  const signed = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name])]),
  )
  const { type, data } = new Webhook(secret).verify(body, signed) as Pick<Called, 'type' | 'data'>
  return { id: signed['webhook-id'] ?? '', type, data, raw: { body, headers: signed } }
}
