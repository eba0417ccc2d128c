import { CodedError } from '@earshot/protocol'
import type { ManagerOptions, SocketOptions } from 'socket.io-client'
import type { OutboxStorage } from './outbox/outbox-storage.ts'
import type { RetryPolicy } from './retry.ts'

export type TokenSource =
  | { token: string; getToken?: never }
  /** Asked before every connection and every HTTP request, so that it can hand out a renewed token. */
  | { token?: never; getToken: () => string | Promise<string> }

export type EarshotOptions = TokenSource & {
  /** Origin of the service, e.g. `https://chat.example.org`. */
  url: string
  /** Passed on to Socket.IO. */
  ioOptions?: Partial<ManagerOptions & SocketOptions>
  retry?: Partial<RetryPolicy>
  /** Where messages that wait to be sent are kept, e.g. `indexedDbOutbox(...)`. Default: nowhere. */
  outbox?: OutboxStorage
  /** How long the server may take to answer one try. Large payloads get more. Default 10,000. */
  ackTimeoutMs?: number
  /** How long a request other than a send may take over all, waiting for a connection included. Default 60,000. */
  requestTimeoutMs?: number
}

export function tokenSource(source: TokenSource): () => Promise<string> {
  const { token, getToken } = source
  return async () => (getToken ? tokenFrom(getToken) : token)
}

/** @throws {CodedError} also where the application throws something else: what keeps it from having a token may be over later */
export async function tokenFrom(getToken: () => string | Promise<string>): Promise<string> {
  try {
    return await getToken()
  } catch (cause) {
    if (cause instanceof CodedError) throw cause
    throw new CodedError('RETRY_LATER', 'No token could be had.', { cause })
  }
}
