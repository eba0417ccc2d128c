import { strict as assert } from 'node:assert'
import { knownIsKept } from '../kept.ts'
import { log, write } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

export async function network(stage: Stage): Promise<void> {
  const { ann, bob, wire } = stage
  await stage.step('without a connection it says so, and catches up when it is back', async () => {
    const online = ann.page.getByText(/\bonline\b/i)
    await ann.page.getByRole('tab', { name: 'People' }).click()
    await ann.page.getByRole('button', { name: bob.name }).getByText('Online').waitFor()
    wire.cut()
    await ann.page.getByText('No connection.').waitFor()
    await online.first().waitFor({ state: 'detached' }) // in the list of people and above the chat
    await ann.page.getByRole('tab', { name: 'Chats' }).click()
    await ann.page.getByRole('button', { name: bob.name }).waitFor()
    assert.equal(await online.count(), 0, 'one without a connection cannot know who is online')
    await write(ann, 'Written in a lift')
    await write(bob, 'Said while Ann was away')
    await log(ann.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('1 message waits to be sent').waitFor()
    await stage.look(ann.page, 'offline-desktop')
    wire.mend()
    await log(ann.page).getByText('Said while Ann was away').waitFor()
    await log(bob.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
    await ann.page.getByText('Sending…').waitFor({ state: 'detached' })
    await ann.page.locator('header').getByText('Online').waitFor()
  })

  await stage.step('it opens without a network, and sends in order what was written then', async () => {
    await ann.page.evaluate(async () => {
      await navigator.serviceWorker.ready
    })
    await ann.page.reload() // now the service worker is in charge
    await log(ann.page).getByText('Written in a lift').waitFor()
    await knownIsKept(ann.page, 'Written in a lift')
    wire.cut()
    await ann.page.reload()
    await log(ann.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('No connection.').waitFor()
    const words = ['First', 'Second', 'Third', 'Fourth', 'Fifth'].map((word) => `${word} from the tunnel`)
    for (const text of words) await write(ann, text)
    await ann.page.getByText('5 messages wait to be sent').waitFor()
    await stage.shot(ann.page, 'opened-offline-desktop')
    await ann.page.reload()
    await ann.page.getByText('5 messages wait to be sent').waitFor()
    wire.mend()
    await log(bob.page).getByText('Fifth from the tunnel').waitFor()
    const heard = await log(bob.page).getByText('from the tunnel').allTextContents()
    assert.deepEqual(heard, words)
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
  })
}
