import type { Locator, Page } from 'playwright-core'
import { type Person, patienceMs } from './person.ts'

/** What people do on the page, found as a screen reader finds it. */
export const log = (page: Page): Locator => page.getByLabel('Messages', { exact: true })

export const messages = (page: Page): Locator => log(page).locator('[data-seq]')

export async function write({ page }: Pick<Person, 'page'>, text: string): Promise<void> {
  await page.getByPlaceholder('Write a message').fill(text)
  await page.keyboard.press('Enter')
}

export async function openPerson({ page }: Person, name: string): Promise<void> {
  await page.getByRole('tab', { name: 'People' }).click()
  await page.getByLabel('Find people by name').fill(name)
  await page.getByRole('region', { name: 'People' }).getByRole('button', { name }).click()
}

/** Records for a while; the recording stays open. */
export async function record({ page }: Person, ms: number): Promise<void> {
  await page.getByRole('button', { name: 'Record a voice message' }).click()
  await page.getByRole('timer').waitFor()
  await page.waitForTimeout(ms)
}

/** Plays the last voice message until its clock has moved. */
export async function play({ page }: Person): Promise<void> {
  const player = log(page)
    .locator('li', { has: page.getByRole('button', { name: /^Play voice message/ }) })
    .last()
  await player.getByRole('button', { name: /^Play voice message/ }).click()
  await log(page)
    .getByText(/0:(0[1-9]|[1-5]\d) \/ 0:\d\d/)
    .last()
    .waitFor()
}

export async function openMenu({ page }: Person, text: string): Promise<void> {
  const message = messages(page).filter({ hasText: text }).last()
  await message.hover()
  await message.getByRole('button', { name: /^More about this message/ }).click()
}

/** One of the message's menu, opened by its button. */
export async function choose(person: Person, text: string, item: string): Promise<void> {
  await openMenu(person, text)
  await person.page.getByRole('menuitem', { name: item }).click()
}

/** Tries once a picture, doing the same again if it takes that, until it is so. */
export async function until(
  page: Page,
  isSo: () => Promise<boolean>,
  again: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Not within ${patienceMs} ms: ${isSo}`)
    await again()
    await page.evaluate(() => new Promise(requestAnimationFrame))
  }
}

/** Waits until it is within what the list of messages shows of itself. */
export function inView(page: Page, text: string): Promise<void> {
  const message = messages(page).filter({ hasText: text })
  return until(page, () =>
    message.evaluateAll((all) =>
      all.some((element) => {
        const view = element.closest('section')?.getBoundingClientRect()
        const { top, bottom } = element.getBoundingClientRect()
        return view !== undefined && top >= view.top && bottom <= view.bottom
      }),
    ),
  )
}
