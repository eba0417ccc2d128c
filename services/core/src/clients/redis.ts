import type { Socket } from 'node:net'
import { Redis, type RedisOptions } from 'ioredis'

/** A connection that has owed an answer for so long is dead, whatever TCP says of it, and made anew; longer than a command may take. */
const silentMs = 6_000

/**
 * For commands and for publishing: fails fast while Redis is away (the caller answers `RETRY_LATER`; what cannot be told now is worth
 * nothing later, clients `sync`) instead of queueing without bound, and never sends a command twice: what was under way when a connection
 * ends is refused at once. Commands of one turn are one write, in their order.
 */
export function commandClient(url: string, name: string): Redis {
  return connect(url, {
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // With more a command that is not sent again would wait for its timeout where the next connection comes at once.
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    socketTimeout: silentMs,
  })
}

/** For a subscriber or a blocking consumer: waits for Redis as long as it takes, then subscribes again. */
export function subscriberClient(url: string, name: string): Redis {
  return connect(url, { connectionName: name, maxRetriesPerRequest: null })
}

/** For a producer of jobs: fails fast, so that a send is refused rather than accepted and lost. */
export function producerClient(url: string, name: string): Redis {
  return connect(url, {
    connectionName: name,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    socketTimeout: silentMs,
  })
}

function connect(url: string, options: RedisOptions): Redis {
  const client = new Redis(url, {
    ...options,
    replyMapping: 'legacy',
    lazyConnect: true,
    retryStrategy: (times: number) =>
      Math.min(50 * 2 ** Math.min(times, 6), 2_000) * (0.5 + Math.random() / 2),
  })
  client.on('connect', () => writeByTurn((client as unknown as { stream: Socket }).stream))
  return client
}

/**
 * What one turn of the event loop asks for goes to the kernel by one write. The client's own way to that, automatic pipelines,
 * costs 30 µs for each of them, and most turns ask for one thing.
 */
function writeByTurn(stream: Socket): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  let isHeld = false
  const letGo = () => {
    isHeld = false
    stream.uncork()
  }
  stream.write = (...args: unknown[]) => {
    if (!isHeld) {
      isHeld = true
      stream.cork()
      setImmediate(letGo)
    }
    return write(...args)
  }
}
