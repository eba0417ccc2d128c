import { createHash } from 'node:crypto'
import type { WireError } from '@earshot/protocol'
import type { Answer } from './record.ts'

/** The reply of an HTTP request, in the form of an ack. Rejects when there is none. */
export async function httpAnswer(
  url: string,
  { method, json, token, timeoutMs }: { method: string; json?: unknown; token: string; timeoutMs: number },
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      authorization: `Bearer ${token}`,
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    body: json === undefined ? null : JSON.stringify(json),
  })
  const text = await response.text()
  const body = (text === '' ? {} : JSON.parse(text)) as object
  if (response.ok) return { ok: true, ...body }
  return { ok: false, error: (body as { error: WireError }).error }
}

/** An ack as it came from the wire. */
export function asAnswer(ack: unknown): Answer {
  if (typeof ack === 'object' && ack !== null && 'ok' in ack) return ack as Answer
  throw new Error(`not an ack: ${JSON.stringify(ack)}`)
}

/** The sum of a medium's bytes. */
export async function mediaAnswer(url: string, token: string, timeoutMs: number): Promise<Answer> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(timeoutMs),
    headers: { authorization: `Bearer ${token}` },
  })
  if (!response.ok) return { ok: false, error: ((await response.json()) as { error: WireError }).error }
  const bytes = new Uint8Array(await response.arrayBuffer())
  return { ok: true, sha256: createHash('sha256').update(bytes).digest('hex') }
}
