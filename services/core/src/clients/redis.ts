import { Redis, type RedisOptions } from 'ioredis'

/**
 * For commands and for publishing: fails fast while Redis is away (the caller answers `RETRY_LATER`; what cannot be told now is worth
 * nothing later, clients `sync`) instead of queueing without bound, and never sends a command twice. Commands of one tick share a
 * pipeline, and so an order.
 */
export function commandClient(url: string, name: string): Redis {
  return connect(url, {
    connectionName: name,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 5_000,
  })
}

/** For a subscriber or a blocking consumer: waits for Redis as long as it takes, then subscribes again. */
export function subscriberClient(url: string, name: string): Redis {
  return connect(url, { connectionName: name, maxRetriesPerRequest: null })
}

/** For a producer of jobs: fails fast, so that a send is refused rather than accepted and lost. Jobs of one tick share a pipeline. */
export function producerClient(url: string, name: string): Redis {
  return connect(url, {
    connectionName: name,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
  })
}

function connect(url: string, options: RedisOptions): Redis {
  return new Redis(url, {
    ...options,
    replyMapping: 'legacy',
    lazyConnect: true,
    retryStrategy: (times: number) =>
      Math.min(50 * 2 ** Math.min(times, 6), 2_000) * (0.5 + Math.random() / 2),
  })
}
