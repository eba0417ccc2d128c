import type { Locator, Page } from 'playwright-core'
import { log } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

/** From finding somebody to a voice message, without a mouse; focus is always where one goes on. */
export async function keyboard(stage: Stage): Promise<void> {
  await stage.step('all of it goes without a mouse', async () => {
    const { page, name } = await stage.join('Kay Keys', desktop)
    const other = await stage.join('Lou Low', desktop)
    const press = (...keys: string[]) =>
      keys.reduce((last, key) => last.then(() => page.keyboard.press(key)), Promise.resolve())
    await tabTo(page, page.getByRole('tab', { name: 'Chats' }))
    await press('ArrowRight')
    await tabTo(page, page.getByLabel('Find people by name'))
    await page.keyboard.type(other.name)
    const person = page.getByRole('region', { name: 'People' }).getByRole('button', { name: other.name })
    await person.waitFor()
    await tabTo(page, person)
    await press('Enter')
    const input = page.getByPlaceholder('Write a message')
    await focused(input)
    await page.keyboard.type('Typed')
    await press('Enter')
    await log(page)
      .getByTitle(/Sent|Delivered/)
      .waitFor()
    await focused(input)

    const more = log(page).getByRole('button', { name: /^More about this message: Typed/ })
    await tabTo(page, more, 'Shift+Tab')
    await press('Enter')
    const reply = page.getByRole('menuitem', { name: 'Reply' })
    await reply.waitFor()
    for (let i = 0; i < 10 && !(await hasFocus(reply)); i++) await press('ArrowDown')
    await press('Enter')
    await focused(input)
    await page.keyboard.type('And answered')
    await press('Enter')
    await log(page).locator('blockquote').getByText('Typed').waitFor()
    await focused(input)

    await tabTo(page, page.getByRole('button', { name: 'Record a voice message' }))
    await press('Enter')
    await page.getByRole('timer').waitFor()
    await focused(page.getByRole('button', { name: 'Send' }))
    await press('Enter')
    const play = log(page).getByRole('button', { name: /^Play voice message/ })
    await play.waitFor()
    await focused(input)
    await tabTo(page, log(page).getByRole('slider'), 'Shift+Tab')

    await tabTo(page, page.getByRole('tab', { name: 'People' }), 'Shift+Tab')
    await press('ArrowLeft')
    const group = page.getByRole('button', { name: 'New group' })
    await tabTo(page, group)
    await press('Enter')
    await focused(page.getByLabel('Name of the group'))
    await press('Escape')
    await focused(group)
    await other.page.getByRole('button', { name }).getByText('3').waitFor()
  })
}

/** Most of what a page has. */
const mostStops = 80

async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let stops = 0; stops < mostStops; stops++) {
    if (await hasFocus(target)) return
    await page.keyboard.press(key)
  }
  throw new Error(`${target} is not reached by ${key}.`)
}

function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement)
}

async function focused(target: Locator): Promise<void> {
  const page = target.page()
  while (!(await hasFocus(target))) await page.waitForTimeout(20)
}
