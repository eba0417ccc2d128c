import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import type { Servers } from './servers.ts'

const sampleMs = 1_000

/** The greatest age, over so long, of what MongoDB has as `lastSeen` of any of these users, milliseconds. */
export async function oldestStored(servers: Servers, userIds: string[], forMs: number): Promise<number> {
  if (servers.mongoUrl === undefined) throw new Error('this program stores nothing')
  const mongo = await MongoClient.connect(servers.mongoUrl)
  try {
    const users = mongo.db().collection<{ _id: string; lastSeen: Date }>('users')
    const until = performance.now() + forMs
    let oldestMs = 0
    while (performance.now() < until) {
      const asked = Date.now()
      const docs = await users.find({ _id: { $in: userIds } }).toArray()
      if (docs.length < userIds.length) throw new Error('somebody is not in MongoDB')
      for (const { lastSeen } of docs) oldestMs = Math.max(oldestMs, asked - lastSeen.getTime())
      await wait(sampleMs)
    }
    return oldestMs
  } finally {
    await mongo.close()
  }
}
