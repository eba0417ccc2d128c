import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import { inView, log, messages, until, write } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

declare global {
  interface Window {
    /** What stood out so far, though only for a moment. */
    marked?: string[]
  }
}

/** After `longHistory`: what is looked for is further back than what is loaded. */
export async function search(stage: Stage): Promise<void> {
  const { ann, bob } = stage
  const { page } = ann
  const oldest = 'Hello Bob! Are you there?'
  const meanwhile = 'Said while Ann looked back'
  const newest = () => log(page).getByText('Line 120', { exact: true })

  async function find() {
    await page.getByLabel('Find chats and messages').fill('Are you there')
    await page.getByRole('region', { name: 'Messages that were found' }).getByText(oldest).click()
    await inView(page, oldest)
  }

  await stage.step(
    'a message that was found is gone to, and from there on to what was said last',
    async () => {
      await page.reload()
      await newest().waitFor()
      await page.getByRole('tab', { name: 'Chats' }).click()
      await noteMarks(page)
      await find()
      await page.waitForFunction((text) => window.marked?.some((row) => row.includes(text)), oldest)
      await stage.shot(page, 'found-desktop')
      await log(page).focus()
      assert.equal((await seqsOf(page))[0], 1)
      await until(
        page,
        async () => {
          const seqs = await seqsOf(page)
          assert.ok(
            seqs.every((seq, index) => index === 0 || seq === (seqs[index - 1] ?? 0) + 1),
            `${seqs}`,
          )
          return newest().isVisible()
        },
        () => page.keyboard.press('PageDown'),
      )
    },
  )

  await stage.step('what is said meanwhile waits at the end, to where a button leads', async () => {
    await page.reload()
    await newest().waitFor()
    await page.getByRole('tab', { name: 'Chats' }).click()
    await find()
    await page.getByLabel('Find chats and messages').fill('')
    await write(bob, meanwhile)
    await page.getByRole('region', { name: 'Chats' }).getByText(meanwhile).waitFor()
    assert.equal(await newest().count(), 0)
    const sent = messages(bob.page).filter({ hasText: meanwhile })
    await sent.getByTitle('Delivered', { exact: true }).waitFor() // and not read: she has not seen it
    await stage.look(page, 'looked-back-desktop')
    await page.getByRole('button', { name: 'To the newest messages' }).click()
    await inView(page, meanwhile)
    await sent.getByTitle('Read', { exact: true }).waitFor()
  })
}

function noteMarks(page: Page): Promise<void> {
  return page.evaluate(() => {
    const marked: string[] = []
    window.marked = marked
    new MutationObserver(() => {
      for (const row of document.querySelectorAll('[data-marked]')) marked.push(row.textContent ?? '')
    }).observe(document.body, { subtree: true, childList: true, attributes: true })
  })
}

function seqsOf(page: Page): Promise<number[]> {
  return messages(page).evaluateAll((all) => all.map((element) => Number(element.getAttribute('data-seq'))))
}
