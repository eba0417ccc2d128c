import { EarshotClient } from '@earshot/client'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { measureSound } from './sound-meter.ts'

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, colorScheme: 'light' }
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  colorScheme: 'dark',
  hasTouch: true,
  deviceScaleFactor: 2,
}

/** A slow machine is no failure. */
export const patienceMs = 120_000

export interface Person {
  name: string
  username: string
  password: string
  page: Page
  /** What the browser complained of: scripts that threw, a content policy that was broken. */
  complaints: string[]
}

/** A page with somebody on it who has just made an account, by the keyboard alone. */
export async function register(
  browser: Browser,
  url: string,
  name: string,
  options: BrowserContextOptions,
): Promise<Person> {
  const username = `${name.replace(/\W/g, '').toLowerCase()}-${Date.now().toString(36)}`
  const password = 'correct horse battery'
  const context = await browser.newContext(options)
  context.setDefaultTimeout(patienceMs)
  await measureSound(context)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`${name}: ${error.message}`))
  page.on('console', (message) => {
    const expected =
      /ERR_CONNECTION|ERR_SOCKET_NOT_CONNECTED|ERR_EMPTY_RESPONSE|WebSocket connection to|status of 404/
    if (message.type() === 'error' && !expected.test(message.text())) {
      complaints.push(`${name}: ${message.text()}`)
    }
  })
  await page.goto(url)
  await page.getByRole('button', { name: 'New here?' }).focus()
  await page.keyboard.press('Enter')
  await page.getByLabel('Username').focus()
  await page.keyboard.type(username)
  await page.keyboard.press('Tab')
  await page.keyboard.type(name)
  await page.keyboard.press('Tab')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await page.getByRole('tab', { name: 'People' }).waitFor()
  return { name, username, password, page, complaints }
}

/** The SDK in Node, logged in as the one on the page. */
export async function clientOf({ page }: Person, url: string): Promise<EarshotClient> {
  const stored = await page.evaluate(() => sessionStorage.getItem('earshot.session'))
  const { token } = JSON.parse(stored ?? '{}') as { token: string }
  const client = new EarshotClient({ url, token })
  await client.connect()
  return client
}
