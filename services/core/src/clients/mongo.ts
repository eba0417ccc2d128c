import { type Db, MongoClient, ObjectId, type W } from 'mongodb'

export interface MongoOptions {
  uri: string
  /** `majority` or a number of members. */
  writeConcern: string
  appName: string
}

export function mongoClient({ uri, writeConcern, appName }: MongoOptions): MongoClient {
  const w: W = writeConcern === 'majority' ? writeConcern : Number(writeConcern)
  return new MongoClient(uri, {
    appName,
    writeConcern: { w },
    maxPoolSize: 16,
    minPoolSize: 2,
    serverSelectionTimeoutMS: 3_000,
    connectTimeoutMS: 3_000,
    socketTimeoutMS: 30_000,
    ignoreUndefined: true,
  })
}

/**
 * Ids are strings on the wire. Those of 24 hex digits are ObjectIds in MongoDB, as the existing system wrote
 * them; all others are stored as they are. One rule both ways, so that an id names one document.
 */
export function toDbId(id: string): ObjectId | string {
  return /^[0-9a-f]{24}$/.test(id) ? ObjectId.createFromHexString(id) : id
}

export function fromDbId(id: ObjectId | string): string {
  return typeof id === 'string' ? id : id.toHexString()
}

/** An id of our own making, in the form of the existing system's. */
export function newObjectIdHex(): string {
  return new ObjectId().toHexString()
}

/** Creates what queries need. Idempotent; a server that lacks a kind of index is told apart by the caller. */
export async function createIndexes(db: Db): Promise<void> {
  await Promise.all([
    // Sparse: documents of the existing system have neither field.
    db.collection('messages').createIndex({ conversationId: 1, seq: 1 }, { unique: true, sparse: true }),
    db.collection('changes').createIndex({ conversationId: 1, changeSeq: 1 }),
    db.collection('changes').createIndex({ isPending: 1 }, { sparse: true }),
    db.collection('changes').createIndex({ messageId: 1 }),
    db.collection('voice_positions').createIndex({ conversationId: 1 }),
    db.collection('blocks').createIndex({ userId: 1 }),
    db.collection('media').createIndex({ checkAt: 1 }, { sparse: true }),
    db.collection('uploads').createIndex({ expiresAt: 1 }),
    // Both with what is read by them: whoever connects, and who lists a large group, reads no document and sorts none.
    db.collection('memberships').createIndex({ userId: 1, groupId: 1 }),
    db.collection('memberships').createIndex({ groupId: 1, joinedAt: 1, userId: 1, role: 1 }),
    db.collection('conversations').createIndex({ members: 1, updatedAt: -1, _id: -1 }),
    db.collection('users').createIndex({ nameLower: 1 }),
    db.collection('visibility').createIndex({ version: 1 }),
    db.collection('push_subscriptions').createIndex({ userId: 1 }),
    // Sparse: who was never online by this system has no such field.
    db.collection('users').createIndex({ isOnline: 1 }, { sparse: true }),
  ])
}
