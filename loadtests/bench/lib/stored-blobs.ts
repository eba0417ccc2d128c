import { createHash } from 'node:crypto'
import { type Binary, MongoClient } from 'mongodb'

/**
 * Compares what GridFS holds with hashes by key, all in one read from end to end: one look-up for each takes longer.
 * Blobs of one chunk only. Returns the keys whose bytes are not there as they should be.
 */
export async function missingBlobs(
  mongoUrl: string,
  expected: ReadonlyMap<string, string>,
): Promise<string[]> {
  const missing = new Map(expected)
  const mongo = new MongoClient(mongoUrl)
  try {
    const chunks = mongo.db().collection<{ files_id: string; data: Binary }>('media.chunks')
    for await (const { files_id: key, data } of chunks.find({}, { batchSize: 100 })) {
      const sha256 = createHash('sha256').update(data.buffer).digest('hex')
      if (expected.get(key) === sha256) missing.delete(key)
    }
  } finally {
    await mongo.close()
  }
  return [...missing.keys()]
}
