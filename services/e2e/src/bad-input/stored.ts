import type { Db } from 'mongodb'

/** Ids of all that is in the database by collection, but the messages that barriers send. */
export async function stored(db: Db): Promise<Record<string, string[]>> {
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort()
  const ids = names.map(async (name) => {
    const docs = await db
      .collection(name)
      .find({ content: { $not: /^barrier / } }, { projection: { _id: 1 } })
      .toArray()
    return [name, docs.map(({ _id }) => String(_id)).sort()]
  })
  return Object.fromEntries(await Promise.all(ids))
}
