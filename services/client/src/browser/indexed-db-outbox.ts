import type { OutboxItem, OutboxStorage } from '../outbox/outbox-storage.ts'

const store = 'items'
const byKey = 'clientMessageId'

/**
 * For browsers: what waits survives a reload and a closed tab. Tabs of one user share it: one of them sends at a time
 * (Web Locks, which secure pages have), in the order in which the tabs wrote.
 * @param name one for each user, e.g. `earshot:${userId}`
 */
export function indexedDbOutbox(name: string): OutboxStorage {
  let opened: Promise<IDBDatabase> | undefined
  const database = () => {
    opened ??= open(name).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  const run = async <T>(mode: IDBTransactionMode, work: (items: IDBObjectStore) => IDBRequest<T>) =>
    result(work((await database()).transaction(store, mode).objectStore(store)))

  return {
    load: () => run<OutboxItem[]>('readonly', (items) => items.getAll()),
    async put(item) {
      await run('readwrite', (items) => items.add(item))
    },
    async remove(clientMessageId) {
      const place = await run('readonly', (items) => items.index(byKey).getKey(clientMessageId))
      if (place !== undefined) await run('readwrite', (items) => items.delete(place))
    },
    has: async (clientMessageId) =>
      (await run('readonly', (items) => items.index(byKey).getKey(clientMessageId))) !== undefined,
    exclusively: (conversation, work) =>
      navigator.locks ? navigator.locks.request(`${name} ${conversation}`, work) : work(),
  }
}

async function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    // Keys that count up keep the order.
    const items = request.result.createObjectStore(store, { autoIncrement: true })
    items.createIndex(byKey, byKey, { unique: true })
  }
  const database = await result(request)
  // Another tab deletes it, e.g. at logout: let it.
  database.onversionchange = () => database.close()
  return database
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
