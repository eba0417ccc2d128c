import { strict as assert } from 'node:assert'
import { fakeHistory, scrollUp } from '../many-messages.ts'
import { log, messages, openPerson } from '../page-actions.ts'
import { clientOf, desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

export async function longHistory(stage: Stage): Promise<void> {
  const { ann, bob, target } = stage
  await stage.step('long history comes in pages', async () => {
    const client = await clientOf(bob, target)
    const [{ _id: recipientId } = { _id: '' }] = await client.http.searchUsers(ann.name)
    for (let i = 1; i <= 120; i++) await client.sendMessage({ recipientId, content: `Line ${i}` })
    client.close()
    await log(ann.page).getByText('Line 120', { exact: true }).waitFor()
    await ann.page.reload()
    await log(ann.page).getByText('Line 120', { exact: true }).waitFor()
    assert.ok((await messages(ann.page).count()) < 40, 'only what is in view is in the document')
    await log(ann.page).focus()
    const oldest = log(ann.page).getByText('Hello Bob! Are you there?')
    while (!(await oldest.isVisible())) {
      await ann.page.keyboard.press('Home')
      await ann.page.evaluate(() => new Promise(requestAnimationFrame))
    }
    assert.equal(await ann.page.getByRole('button', { name: 'Load older messages' }).count(), 0)
    await ann.page.keyboard.press('End')
    await log(ann.page).getByText('Line 120', { exact: true }).waitFor()
  })

  await stage.step('50,000 messages scroll smoothly', async () => {
    const ella = await stage.join('Ella East', desktop)
    await fakeHistory(ella.page, 50_000)
    await openPerson(ella, bob.name)
    await log(ella.page).getByText('Message 50000.').waitFor()
    const shownMs = await ella.page.evaluate(() => {
      const [history] = performance.getEntriesByType('resource').filter(({ name }) => /messages/.test(name))
      return Math.round(performance.now() - (history as PerformanceResourceTiming).responseEnd)
    })
    console.log(`    shown ${shownMs} ms after they came`)
    const { median, p99, elements } = await scrollUp(ella.page, 300, 400)
    console.log(`    a picture every ${median} ms, 99 % within ${p99} ms, ${elements} elements`)
    assert.ok(elements < 1_500, `${elements} elements`)
    await ella.page.close()
  })
}
