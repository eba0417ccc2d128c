import type { Redis } from 'ioredis'
import type { Db } from 'mongodb'
import type { LoadedConfig } from '../config/load.ts'
import type { Logger } from '../observability/logger.ts'
import { createIndexes, mongoClient } from './mongo.ts'
import { commandClient, producerClient, subscriberClient } from './redis.ts'
import { learnSlots } from './slots.ts'

/** The connections of one process, each for one use: see `redis.ts` for how they behave in an outage. */
export interface Connected {
  /** Commands, and what is published: what a node notes and then tells goes to Redis in this order, and by one write. */
  redis: Redis
  subscriber: Redis
  producer: Redis
  /** One more to the queues' Redis, for a consumer of jobs. */
  addConsumer(): Promise<Redis>
  db: Db
  close(): Promise<void>
}

/** Connects to Redis and MongoDB and makes the indexes. Rejects when one of them cannot be reached. */
export async function connectStores(config: LoadedConfig, log: Logger): Promise<Connected> {
  const queueUrl = config.QUEUE_REDIS_URL ?? config.REDIS_URL
  const redis = commandClient(config.REDIS_URL, `${config.NODE_ID}:commands`)
  const subscriber = subscriberClient(config.REDIS_URL, `${config.NODE_ID}:subscribe`)
  const producer = producerClient(queueUrl, `${config.NODE_ID}:queue`)
  const clients: Redis[] = []
  const open = async (client: Redis): Promise<Redis> => {
    clients.push(client)
    client.on('error', (err) => log.debug({ err }, 'redis'))
    await client.connect()
    return client
  }
  await Promise.all([redis, subscriber, producer].map(open))
  await Promise.all([redis, subscriber].map(learnSlots))
  const mongo = mongoClient({
    uri: config.MONGODB_URI,
    writeConcern: config.MONGODB_WRITE_CONCERN,
    appName: config.NODE_ID,
  })
  await mongo.connect()
  const db = mongo.db()
  await createIndexes(db)
  return {
    redis,
    subscriber,
    producer,
    addConsumer: () => open(subscriberClient(queueUrl, `${config.NODE_ID}:jobs`)),
    db,
    async close() {
      await mongo.close()
      for (const client of clients) client.disconnect()
    },
  }
}
