/**
 * Takes the pictures of docs/web.md (`make screenshots`): each main state on a desktop in light and on a phone in dark
 * colours, as WebP. TARGET: a cluster nobody has used. SHOTS: the folder. CHROMIUM: the browser's path.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EarshotClient } from '@earshot/client'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchBrowsers } from './browser/chromium.ts'
import { log, openMenu, openPerson, record } from './browser/page-actions.ts'
import { clientOf, type Person, register } from './browser/person.ts'

const { TARGET = 'http://127.0.0.1:3000', SHOTS = '/tmp/earshot-shots' } = process.env
const screen: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  deviceScaleFactor: 1.5,
}
const sizes = {
  desktop: { width: 1280, height: 800, colorScheme: 'light' },
  phone: { width: 390, height: 844, colorScheme: 'dark' },
} as const

mkdirSync(SHOTS, { recursive: true })
const { speaking, mute, close } = await launchBrowsers()
try {
  await firstSight(speaking)
  const ann = await register(speaking, TARGET, 'Ann Archer', screen)
  const bob = await register(speaking, TARGET, 'Bob Baker', screen)
  const others = await Promise.all(
    ['Cleo Cook', 'Dan Dyer', 'Ella East'].map((name) => register(mute, TARGET, name, screen)),
  )
  const clients = await Promise.all([ann, bob, ...others].map((person) => clientOf(person, TARGET)))
  const [annClient, bobClient, ...otherClients] = clients
  if (!annClient || !bobClient) throw new Error('Nobody is there.')
  await chatter(annClient, bobClient, otherClients)
  await bobSpeaks(bob)
  await annLooks(ann)
  await noMicrophone(others[0] as Person)
  for (const client of clients) client.close()
  console.log(`The pictures are in ${SHOTS}`)
} finally {
  await close()
}

async function firstSight(browser: Browser) {
  const page = await (await browser.newContext(screen)).newPage()
  await page.goto(TARGET)
  await page.getByRole('button', { name: 'Be Ada' }).waitFor()
  await both(page, 'login')
  await page.getByRole('button', { name: 'Be Ada' }).click()
  await page.getByRole('heading', { name: 'You are Ada' }).waitFor()
  await both(page, 'welcome')
}

/** What was said before: a conversation with everything in it, and a few others in the list. */
async function chatter(ann: EarshotClient, bob: EarshotClient, others: EarshotClient[]) {
  const [annId, bobId, ...otherIds] = await Promise.all(
    [ann, bob, ...others].map(async ({ http }) => (await http.me())._id),
  )
  if (!annId || !bobId) return
  const say = (from: EarshotClient, recipientId: string, content: string, replyTo?: string) =>
    from.sendMessage({ recipientId, content, ...(replyTo !== undefined && { replyTo }) })
  const group = await ann.http.createGroup({ name: 'Saturday at the lake', members: [bobId, ...otherIds] })
  await ann.sendGroupMessage({ groupId: group._id, messageType: 'text', content: 'Who brings what?' })
  await others[0]?.sendGroupMessage({ groupId: group._id, messageType: 'text', content: 'I bake a cake 🍰' })
  await others[1]?.sendGroupMessage({
    groupId: group._id,
    messageType: 'text',
    content: 'Two blankets and a ball',
  })
  if (others[2]) await say(others[2], annId, 'The photos are in the shared folder now.')
  await say(ann, bobId, 'Shall we take the boat on Saturday?')
  const plan = await say(bob, annId, 'Gladly. The first one leaves the pier at nine.')
  await ann.react(plan._id, '👍')
  await bob.react(plan._id, '👍')
  await say(ann, bobId, 'Nine it is. I tell the others.', plan._id)
  const file = new Blob(['BEGIN:VCALENDAR\nEND:VCALENDAR\n'], { type: 'text/plain' })
  const { url, mimeType, size } = await ann.upload(file, { name: 'timetable.txt' })
  const timetable = { url, name: 'timetable.txt', mimeType, size }
  await ann.sendMessage({ recipientId: bobId, messageType: 'file', file: timetable })
}

async function bobSpeaks(bob: Person) {
  await openPerson(bob, 'Ann Archer')
  await record(bob, 7_000)
  await both(bob.page, 'recording')
  await bob.page.getByRole('button', { name: 'Pause' }).click()
  await bob.page.getByRole('button', { name: /^Listen/ }).waitFor()
  await both(bob.page, 'listen-before-sending')
  await bob.page.getByRole('button', { name: 'Send' }).click()
  await log(bob.page).locator('[data-stored="true"]').waitFor()
}

async function annLooks(ann: Person) {
  const { page } = ann
  await page.getByRole('tab', { name: 'Chats' }).click()
  await both(page, 'chats')
  await chat(page, /^Bob Baker/).click()
  await page.getByRole('button', { name: /^Play voice message/ }).click()
  await log(page)
    .getByText(/0:0[2-9] \/ /)
    .waitFor()
  await both(page, 'conversation')
  await chat(page, /^Saturday/).click()
  await both(page, 'playing-elsewhere')
  await chat(page, /^Bob Baker/).click()
  await openMenu(ann, 'the boat on Saturday')
  await both(page, 'message-menu')
  await page.keyboard.press('Escape')
  await chat(page, /^Saturday/).click()
  await page.getByRole('button', { name: /^5 members/ }).click()
  await page.getByRole('dialog').getByText('Bob Baker').waitFor()
  await both(page, 'members')
  await page.keyboard.press('Escape')
  await page.getByRole('tab', { name: 'People' }).click()
  await page.getByRole('button', { name: /^Cleo Cook/ }).waitFor()
  await page.evaluate(() => {
    location.hash = '#/'
  })
  await both(page, 'people')
  await page.getByRole('tab', { name: 'Chats' }).click()
  await chat(page, /^Bob Baker/).click()
  await page.context().setOffline(true)
  await page.getByText('No connection.').waitFor()
  await page.getByPlaceholder('Write a message').fill('On the train, back in a minute')
  await page.keyboard.press('Enter')
  await page.getByText('1 message waits').waitFor()
  await both(page, 'offline')
  await page.context().setOffline(false)
}

function chat(page: Page, name: RegExp) {
  return page.getByRole('region', { name: 'Chats' }).getByRole('button', { name })
}

async function noMicrophone(person: Person) {
  await openPerson(person, 'Ann Archer')
  await person.page.getByRole('button', { name: 'Record a voice message' }).click()
  await person.page.getByRole('alert').waitFor()
  await both(person.page, 'no-microphone')
}

async function both(page: Page, name: string) {
  const wire = await page.context().newCDPSession(page)
  for (const [size, { width, height, colorScheme }] of Object.entries(sizes)) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.waitForTimeout(400) // what slides and fades has arrived
    const { data } = await wire.send('Page.captureScreenshot', { format: 'webp', quality: 80 })
    writeFileSync(join(SHOTS, `${name}-${size}.webp`), Buffer.from(data, 'base64'))
  }
  await wire.detach()
  await page.setViewportSize(sizes.desktop)
  await page.emulateMedia({ colorScheme: 'light' })
}
