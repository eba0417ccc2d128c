import type { Page } from 'playwright-core'

/** Waits until the browser has kept a message with these words for a start without a network. */
export async function knownIsKept(page: Page, words: string): Promise<void> {
  while (!(await keptLists(page)).includes(words)) {
    await page.evaluate(() => new Promise(requestAnimationFrame))
  }
}

function keptLists(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { userId } = JSON.parse(sessionStorage.getItem('earshot.session') ?? '{}')
    const opening = indexedDB.open(`earshot-known:${userId}`)
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const reading = database.transaction('lists').objectStore('lists').getAll()
    const lists = await new Promise((resolve, reject) => {
      reading.onsuccess = () => resolve(reading.result)
      reading.onerror = () => reject(reading.error)
    })
    database.close()
    return JSON.stringify(lists)
  })
}
