import type { Collection, Db } from 'mongodb'
import type { UserDoc } from '../accounts/user-store.ts'

const usersPerWrite = 10

/** Users of the existing system who were never here: made to be found by the beginning of their names. */
export class OldUsers {
  readonly #users: Collection<UserDoc>

  constructor(db: Db) {
    this.#users = db.collection<UserDoc>('users')
  }

  /** Some of them, the rest at the next time. */
  async adopt(limit: number): Promise<void> {
    const unknown = await this.#users
      .find({ nameLower: { $exists: false }, name: { $exists: true } }, { projection: { name: 1 } })
      .limit(limit)
      .toArray()
    const named = unknown.filter(({ name }) => typeof name === 'string')
    for (let i = 0; i < named.length; i += usersPerWrite) {
      await this.#users.bulkWrite(
        named.slice(i, i + usersPerWrite).map(({ _id, name = '' }) => ({
          updateOne: {
            filter: { _id, nameLower: { $exists: false } },
            update: { $set: { nameLower: name.toLowerCase() } },
          },
        })),
        { ordered: false },
      )
    }
  }
}
