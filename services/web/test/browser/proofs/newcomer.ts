import { strict as assert } from 'node:assert'
import { log, write } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

/** What the first minute of somebody who has just started the cluster is like. */
export async function newcomer(stage: Stage): Promise<void> {
  await stage.step('a newcomer talks from one window to another within a minute', async () => {
    const page = await stage.stranger(desktop)
    const startedAt = Date.now()
    await page.goto(stage.target)
    await page.getByRole('button', { name: 'Be Ada' }).click()
    const opening = page.context().waitForEvent('page')
    await page.getByRole('link', { name: 'Open a second window as Ben' }).click()
    const second = await opening
    await second.getByRole('heading', { name: 'You are Ben' }).waitFor()
    await page.getByRole('button', { name: 'Write to Ben' }).click()
    await write({ page }, 'Hello Ben, from the other window')
    await second.getByRole('button', { name: /Hello Ben, from the other window/ }).click()
    await write({ page: second }, 'Hello Ada')
    await log(page).getByText('Hello Ada').waitFor()
    await log(page).getByTitle('Read', { exact: true }).first().waitFor()
    const seconds = (Date.now() - startedAt) / 1_000
    console.log(`    after ${seconds.toFixed(1)} s`)
    assert.ok(seconds < 60, `${seconds} s`)
    await page.context().close()
  })
}
