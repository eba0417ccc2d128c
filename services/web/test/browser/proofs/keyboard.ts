import type { Locator } from 'playwright-core'
import { log, messages } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

/** Whole flows by keys alone; focus is always where one goes on. */
export async function keyboard(stage: Stage): Promise<void> {
  const kay = await stage.join('Kay Keys', desktop)
  const lou = await stage.join('Lou Low', desktop)
  const { page } = kay
  const input = page.getByPlaceholder('Write a message')
  const menu = page.getByRole('menu')
  const moreOf = (text: string) =>
    messages(page)
      .filter({ hasText: text })
      .getByRole('button', { name: /^More about this message/ })

  async function logOutAndIn() {
    await tabTo(page.getByRole('button', { name: 'Log out' }), 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo(page.getByLabel('Username'))
    await page.keyboard.type(kay.username)
    await tabTo(page.getByRole('textbox', { name: 'Password' }))
    await page.keyboard.type(kay.password)
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'People' }).waitFor()
  }

  /** With focus on the message's button. */
  async function choose(item: string) {
    await page.keyboard.press('Enter')
    await hasFocus(menu, 'within')
    await pressUntil('ArrowDown', menu.getByRole('menuitem', { name: item }))
    await page.keyboard.press('Enter')
  }

  await stage.step('by keys: out and in again', logOutAndIn)

  await stage.step('by keys: somebody is found and written to', async () => {
    await tabTo(page.getByRole('tab', { name: 'Chats' }))
    await page.keyboard.press('ArrowRight')
    await hasFocus(page.getByRole('tab', { name: 'People' }))
    await tabTo(page.getByLabel('Find people by name'))
    await page.keyboard.type(lou.name)
    // All others are gone from the list: focus would go with them.
    await page.waitForFunction(
      () => document.querySelectorAll('section[aria-label="People"] button').length === 1,
    )
    await tabTo(page.getByRole('region', { name: 'People' }).getByRole('button', { name: lou.name }))
    await page.keyboard.press('Enter')
    await hasFocus(input)
    await page.keyboard.type('Typed')
    await page.keyboard.press('Enter')
    await log(page)
      .getByTitle(/Sent|Delivered/)
      .waitFor()
    await hasFocus(input)
  })

  await stage.step('by keys: the menu of a message is opened and closed', async () => {
    await tabTo(moreOf('Typed'), 'Shift+Tab')
    await page.keyboard.press('Enter')
    await hasFocus(menu, 'within')
    await stage.look(page, 'keyboard-menu-desktop')
    await page.keyboard.press('Escape')
    await menu.waitFor({ state: 'detached' })
    await hasFocus(moreOf('Typed'))
  })

  await stage.step('by keys: a message is liked, answered and deleted', async () => {
    await choose('React with 👍')
    await page.getByRole('button', { name: '👍, 1' }).waitFor()
    await menu.waitFor({ state: 'detached' })
    await hasFocus(moreOf('Typed'))

    await choose('Reply')
    await menu.waitFor({ state: 'detached' })
    await hasFocus(input)
    await page.keyboard.type('And answered')
    await page.keyboard.press('Enter')
    await log(page).locator('blockquote').getByText('Typed').waitFor()
    await hasFocus(input)

    const answer = messages(page).filter({ hasText: 'And answered' })
    await answer.getByTitle(/Sent|Delivered/).waitFor()
    await tabTo(moreOf('And answered'), 'Shift+Tab')
    await choose('Delete for everybody')
    await log(page).getByText('Message deleted').waitFor()
    await hasFocus(page.getByRole('region', { name: 'Messages', exact: true }))
  })

  await stage.step('by keys: a voice message is recorded, sent and played', async () => {
    await tabTo(page.getByRole('button', { name: 'Record a voice message' }))
    await page.keyboard.press('Enter')
    await page.getByRole('timer').filter({ hasNotText: '0:00' }).waitFor()
    await hasFocus(page.getByRole('button', { name: 'Send' }))
    await page.keyboard.press('Enter')
    const play = log(page).getByRole('button', { name: /^Play voice message/ })
    await play.waitFor()
    await hasFocus(input)
    await tabTo(play, 'Shift+Tab')
    await page.keyboard.press('Enter')
    await log(page).getByRole('button', { name: 'Speed: 1. Change it' }).waitFor()
  })

  await stage.step('by keys: a dialog is opened and closed', async () => {
    await tabTo(page.getByRole('tab', { name: 'People' }), 'Shift+Tab')
    await page.keyboard.press('ArrowLeft')
    const newGroup = page.getByRole('button', { name: 'New group' })
    await tabTo(newGroup)
    await page.keyboard.press('Enter')
    await hasFocus(page.getByRole('dialog').getByLabel('Name of the group'))
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await hasFocus(newGroup)
  })

  await stage.step('by keys: a chat is picked', async () => {
    await logOutAndIn()
    await tabTo(page.getByRole('region', { name: 'Chats' }).getByRole('button', { name: lou.name }))
    await page.keyboard.press('Enter')
    await hasFocus(input)
    await log(page).getByText('Typed').first().waitFor()
    await lou.page.getByRole('button', { name: kay.name }).getByText('unread').waitFor()
    await page.close()
    await lou.page.close()
  })
}

/** More than a page has. */
const mostStops = 80

async function tabTo(target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await pressUntil(key, target)
}

/** A press has moved focus when it is over. */
async function pressUntil(key: string, target: Locator): Promise<void> {
  await target.waitFor()
  for (let stops = 0; stops < mostStops; stops++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await target.page().keyboard.press(key)
  }
  throw new Error(`${target} is not reached by ${key}.`)
}

async function hasFocus(target: Locator, where?: 'within'): Promise<void> {
  const focused = target.page().locator(':focus')
  await (where ? target.locator(':focus') : target.and(focused)).waitFor({ state: 'attached' })
}
