import { strict as assert } from 'node:assert'
import { log, messages, openPerson, write } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

/** One person in two tabs of a browser, which share what waits to be sent. */
export async function twoTabs(stage: Stage): Promise<void> {
  const { ann, bob, wire } = stage
  const words = ['One', 'Two', 'Three', 'Four'].map((word) => `${word} of two tabs`)

  await stage.step(
    'what two tabs wrote offline arrives once, in order, though one of them is closed',
    async () => {
      await openPerson(ann, bob.name)
      const stored = await ann.page.evaluate(() => sessionStorage.getItem('earshot.session') ?? '')
      const second = await ann.page.context().newPage()
      await second.addInitScript((session) => sessionStorage.setItem('earshot.session', session), stored)
      await second.goto(ann.page.url())
      await messages(second).first().waitFor()
      const tabs = [ann, { page: second }]
      wire.cut()
      for (const { page } of tabs) await page.getByText('No connection.').waitFor()
      for (const [index, text] of words.entries()) {
        const tab = tabs[index % 2]
        assert.ok(tab)
        await write(tab, text)
        await log(tab.page).getByText(text).waitFor()
        await tab.page.waitForFunction(async (text) => {
          const { userId } = JSON.parse(sessionStorage.getItem('earshot.session') ?? '{}')
          const opening = indexedDB.open(`earshot:${userId}`)
          await new Promise((resolve) => {
            opening.onsuccess = resolve
          })
          const reading = opening.result.transaction('items').objectStore('items').getAll()
          await new Promise((resolve) => {
            reading.onsuccess = resolve
          })
          opening.result.close()
          return JSON.stringify(reading.result).includes(text)
        }, text)
      }
      await second.close() // what it wrote is the other's to send
      wire.mend()
      await log(bob.page)
        .getByText(words.at(-1) ?? '')
        .waitFor()
      assert.deepEqual(await log(bob.page).getByText('of two tabs').allTextContents(), words)
      await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
    },
  )

  await stage.step('without a connection a message can be taken back', async () => {
    wire.cut()
    await ann.page.getByText('No connection.').waitFor()
    await write(ann, 'Rather not')
    await ann.page.getByText('1 message waits').waitFor()
    await stage.look(ann.page, 'waiting-desktop')
    await ann.page.getByRole('button', { name: 'Cancel' }).click()
    await log(ann.page).getByText('Rather not').waitFor({ state: 'detached' })
    await write(ann, 'This one rather')
    wire.mend()
    await log(bob.page).getByText('This one rather').waitFor()
    assert.equal(await log(bob.page).getByText('Rather not').count(), 0)
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
  })
}
