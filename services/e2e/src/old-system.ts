import { type Db, type Document, ObjectId } from 'mongodb'

/** Writes documents as the system that is being replaced does: straight into MongoDB, next to the cluster. */
export class OldSystem {
  readonly #db: Db
  #clock = Date.parse('2024-03-01T09:00:00Z')

  constructor(db: Db) {
    this.#db = db
  }

  /** Returns the id as tokens have it. */
  async user(name: string): Promise<string> {
    const _id = new ObjectId()
    await this.#db
      .collection('users')
      .insertOne({ _id, name, email: `${name}@example.org`, pic: '/a.png', contacts: [new ObjectId()] })
    return _id.toHexString()
  }

  async chat(users: string[], group?: { chatName: string; groupAdmin: string }): Promise<string> {
    const _id = new ObjectId()
    await this.#db.collection('chats').insertOne({
      _id,
      isGroupChat: group !== undefined,
      users: users.map(objectId),
      ...(group && { chatName: group.chatName, groupAdmin: objectId(group.groupAdmin) }),
    })
    return _id.toHexString()
  }

  async group(name: string, members: string[]): Promise<string> {
    const _id = new ObjectId()
    await this.#db
      .collection('groups')
      .insertOne({ _id, name, members: members.map(objectId), icon: '/g.png' })
    return _id.toHexString()
  }

  /** Each message is a minute later than the one before; its ObjectId is of that time too. */
  async says(sender: string, fields: Document): Promise<string> {
    const [id = ''] = await this.insert([this.message(sender, fields)])
    return id
  }

  /** The same, right now. */
  async saysNow(sender: string, fields: Document): Promise<string> {
    const [id = ''] = await this.insert([
      { _id: new ObjectId(), sender: objectId(sender), createdAt: new Date(), ...fields },
    ])
    return id
  }

  message(sender: string, fields: Document): Document & { _id: ObjectId } {
    this.#clock += 60_000
    return { _id: idAt(this.#clock), sender: objectId(sender), createdAt: new Date(this.#clock), ...fields }
  }

  async insert(docs: (Document & { _id: ObjectId })[]): Promise<string[]> {
    await this.#db.collection('messages').insertMany(docs)
    return docs.map(({ _id }) => _id.toHexString())
  }

  async raw(messageId: string): Promise<Document> {
    const doc = await this.#db.collection('messages').findOne({ _id: objectId(messageId) })
    if (!doc) throw new Error('there is no such message')
    return doc
  }
}

export function objectId(hex: string): ObjectId {
  return ObjectId.createFromHexString(hex)
}

function idAt(ms: number): ObjectId {
  const time = Math.floor(ms / 1000)
    .toString(16)
    .padStart(8, '0')
  return objectId(time + new ObjectId().toHexString().slice(8))
}
