import { createHash } from 'node:crypto'
import { type Binary, MongoClient } from 'mongodb'

/**
 * Compares what GridFS holds with hashes by message, all in one read from end to end: one look-up for each takes longer.
 * Blobs of one chunk only. Returns the messages whose bytes are not there as they should be.
 */
export async function missingBlobs(
  mongoUrl: string,
  expected: ReadonlyMap<string, string>,
): Promise<string[]> {
  const missing = new Map(expected)
  const mongo = new MongoClient(mongoUrl)
  try {
    // What found no room in staging was stored at once, under a key of its own.
    const elsewhere = new Map<string, string>()
    const messages = mongo.db().collection<{ _id: string; voiceMessage: { mediaId: string } }>('messages')
    const named = { 'voiceMessage.mediaId': { $exists: true } }
    for await (const { _id, voiceMessage } of messages.find(named)) elsewhere.set(voiceMessage.mediaId, _id)
    const chunks = mongo.db().collection<{ files_id: string; data: Binary }>('media.chunks')
    for await (const { files_id: key, data } of chunks.find({}, { batchSize: 100 })) {
      const sha256 = createHash('sha256').update(data.buffer).digest('hex')
      const messageId = elsewhere.get(key) ?? key
      if (expected.get(messageId) === sha256) missing.delete(messageId)
    }
  } finally {
    await mongo.close()
  }
  return [...missing.keys()]
}
