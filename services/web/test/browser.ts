/**
 * Looks at the page as people do, in a real browser against a running cluster, and takes pictures:
 *   TARGET=http://127.0.0.1:3000 SHOTS=/tmp/shots node_modules/.bin/node services/web/test/browser.ts
 * TARGET: where the cluster answers. SHOTS: where the pictures go. CHROMIUM: the browser's path.
 */
import { strict as assert } from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { seriousFindings } from './browser/axe.ts'
import { launchBrowsers } from './browser/chromium.ts'
import { cuttableProxy } from './browser/cuttable-proxy.ts'
import { fingerOn } from './browser/finger.ts'
import { knownIsKept } from './browser/kept.ts'
import { fakeHistory, scrollUp } from './browser/many-messages.ts'
import { choose, log, messages, openPerson, play, record, write } from './browser/page-actions.ts'
import { clientOf, desktop, phone, register } from './browser/person.ts'
import { soundReachedOutput } from './browser/sound-meter.ts'

const target = process.env.TARGET ?? 'http://127.0.0.1:3000'
const shots = process.env.SHOTS ?? '/tmp/earshot-shots'
mkdirSync(shots, { recursive: true })
const proxy = await cuttableProxy(new URL(target))
const { speaking: browser, mute: bare, close } = await launchBrowsers()
const run = Date.now().toString(36).slice(-4)

/** Takes the picture of a main state, and has axe look at it. */
async function shot(page: Page, name: string) {
  await page.screenshot({ path: join(shots, `${name}.png`) })
  if (!name.startsWith('failed'))
    findings.push(...(await seriousFindings(page)).map((found) => `${name}: ${found}`))
}
const findings: string[] = []

async function step(what: string, work: () => Promise<void>) {
  const startedAt = Date.now()
  try {
    await work()
  } catch (error) {
    const pages = browser.contexts().flatMap((context) => context.pages())
    await Promise.all(pages.map((page, index) => shot(page, `failed-${index}`)))
    throw error
  }
  console.log(`ok  ${what} (${Date.now() - startedAt} ms)`)
}

try {
  const ann = await register(browser, proxy.url, `Ann Archer ${run}`, desktop)
  const bob = await register(browser, target, `Bob Baker ${run}`, phone)
  const people = [ann, bob]

  await step('pictures of the first sight', async () => {
    const stranger = await browser.newPage(desktop)
    await stranger.goto(target)
    await stranger.getByRole('button', { name: 'Log in' }).waitFor()
    await shot(stranger, 'login-desktop')
    await stranger.close()
    await shot(ann.page, 'empty-desktop')
    await shot(bob.page, 'empty-phone')
  })

  await step('each sees the other online', async () => {
    await openPerson(ann, bob.name)
    await ann.page.locator('header').getByText('Online').waitFor()
    await bob.page.getByRole('tab', { name: 'People' }).click()
    await bob.page.getByRole('button', { name: ann.name }).getByText('Online').waitFor()
    await shot(bob.page, 'people-phone')
  })

  await step('they write to each other', async () => {
    await write(ann, 'Hello Bob! Are you there?')
    await bob.page.getByRole('tab', { name: 'Chats' }).click()
    await bob.page.getByRole('button', { name: ann.name }).click()
    await log(bob.page).getByText('Hello Bob! Are you there?').waitFor()
    await write(bob, 'I am. What is it?')
    await log(ann.page).getByText('I am. What is it?').waitFor()
  })

  await step('a voice message is recorded, heard, stored, and heard again after a reload', async () => {
    await record(ann, 3_200)
    await shot(ann.page, 'recording-desktop')
    await ann.page.getByRole('button', { name: 'Send' }).click()
    await log(bob.page)
      .getByRole('button', { name: /^Play voice message, 0:\d\d/ })
      .waitFor()
    await play(bob)
    await shot(bob.page, 'voice-phone')
    await bob.page.locator('[data-stored="true"]').waitFor()
    await bob.page.reload()
    await play(bob)
    await ann.page.locator('[data-stored="true"]').waitFor()
    await play(ann)
    await shot(ann.page, 'chat-desktop')
    await shot(bob.page, 'chat-phone')
  })

  await step('it was speech that came out, and the sender sees that it was played', async () => {
    console.log(`    loudest sample: ${(await soundReachedOutput(bob.page)).toFixed(2)}`)
    await log(ann.page).getByTitle('Played', { exact: true }).waitFor()
    const client = await clientOf(bob, target)
    const [conversation] = await client.http.conversations()
    const { messages: said } = await client.http.history(conversation?._id ?? '')
    client.close()
    const voice = said.find(({ voiceMessage }) => voiceMessage)?.voiceMessage
    const bytesInTenSeconds = (10 * (voice?.original?.size ?? 0)) / (voice?.duration ?? 1)
    console.log(`    ten seconds are ${Math.round(bytesInTenSeconds / 1_000)} kB`)
    assert.ok(bytesInTenSeconds > 20_000 && bytesInTenSeconds < 60_000)
  })

  await step('one voice message after the other plays on while another chat is open', async () => {
    await record(ann, 3_000)
    await ann.page.getByRole('button', { name: 'Send' }).click()
    const players = log(bob.page).getByRole('button', { name: /^Play voice message/ })
    await players.nth(1).waitFor()
    await players.first().click()
    await bob.page.getByRole('button', { name: 'Speed: 1. Change it' }).click()
    await bob.page.getByRole('button', { name: 'Back to the chats' }).click()
    const mini = bob.page.getByRole('region', { name: 'Voice message that is playing' })
    await mini.getByText(ann.name).waitFor()
    await shot(bob.page, 'mini-player-phone')
    const first = log(ann.page).locator('[data-seq]', {
      has: ann.page.getByTitle('Played', { exact: true }),
    })
    await first.nth(1).waitFor() // the second one has begun
    await mini.waitFor({ state: 'detached' }) // and ended
    await bob.page.getByRole('button', { name: ann.name }).click()
    await players.first().waitFor()
  })

  await step('a voice message goes on where it was left, after a reload', async () => {
    const slider = log(bob.page).getByRole('slider').last()
    await slider.focus()
    await bob.page.keyboard.press('End')
    await bob.page.keyboard.press('ArrowLeft')
    await bob.page.keyboard.press('Home')
    await log(bob.page)
      .getByRole('button', { name: /^Play voice message/ })
      .last()
      .click()
    await bob.page.getByRole('button', { name: 'Speed: 1.25. Change it' }).waitFor()
    await log(bob.page)
      .getByText(/0:01 \/ 0:0\d/)
      .waitFor()
    await log(bob.page).getByRole('button', { name: 'Pause' }).click()
    await bob.page.reload()
    await log(bob.page)
      .getByText(/0:01 \/ 0:0\d/)
      .waitFor()
  })

  await step('a recording is thrown away', async () => {
    await record(bob, 500)
    await shot(bob.page, 'recording-phone')
    await bob.page.getByRole('button', { name: 'Throw the recording away' }).click()
    await bob.page.getByPlaceholder('Write a message').waitFor()
    assert.equal(await log(bob.page).getByRole('slider').count(), 2)
  })

  await step('a recording is paused, heard, survives a reload, and is sent', async () => {
    await record(bob, 1_500)
    await bob.page.getByRole('button', { name: 'Pause' }).click()
    await bob.page.getByRole('button', { name: 'Go on recording' }).click()
    await bob.page.getByRole('timer').waitFor()
    await bob.page.waitForTimeout(1_000)
    await bob.page.getByRole('button', { name: 'Pause' }).click()
    await bob.page.getByRole('button', { name: /^Listen to your recording, 0:\d\d/ }).click()
    await bob.page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
    await shot(bob.page, 'draft-phone')
    await bob.page.reload()
    const listen = bob.page.getByRole('button', { name: /^Listen to your recording, 0:\d\d/ })
    await listen.click()
    await bob.page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
    await listen.waitFor() // it plays to its end
    await bob.page.getByRole('button', { name: 'Send' }).click()
    await log(ann.page).getByTitle('Not played yet').waitFor()
    await bob.page.reload()
    await bob.page.getByPlaceholder('Write a message').waitFor()
  })

  await step('a finger holds to record, slides to cancel, and lets go to send', async () => {
    const finger = await fingerOn(bob.page, 'Record a voice message')
    await finger.down()
    await bob.page.getByRole('timer').waitFor()
    await finger.slide(-140, 0)
    await bob.page.getByPlaceholder('Write a message').waitFor()
    await finger.up()
    await finger.down()
    await bob.page.getByRole('timer').filter({ hasText: '0:01' }).waitFor()
    await shot(bob.page, 'holding-phone')
    await finger.up()
    await log(ann.page).getByTitle('Not played yet').nth(1).waitFor()
  })

  await step('a message is answered, liked, worded anew and deleted', async () => {
    await write(ann, 'Shall we meet at the lake?')
    await log(bob.page).getByText('Shall we meet at the lake?').waitFor()
    await choose(bob, 'the lake?', 'React with 👍')
    await ann.page.getByRole('button', { name: '👍, 1' }).click()
    await bob.page.getByRole('button', { name: '👍, 2' }).waitFor()
    await choose(bob, 'the lake?', 'Reply')
    await write(bob, 'Yes, at noon')
    await log(ann.page).locator('blockquote').getByText('Shall we meet at the lake?').waitFor()
    await choose(bob, 'at noon', 'Edit')
    await bob.page.getByPlaceholder('Write a message').fill('Yes, at one')
    await shot(bob.page, 'edit-phone')
    await bob.page.keyboard.press('Enter')
    await log(ann.page).getByText('Yes, at one').waitFor()
    await log(ann.page).getByText('edited').waitFor()
    await write(bob, 'Sorry, wrong window')
    await log(ann.page).getByText('Sorry, wrong window').waitFor()
    await choose(bob, 'wrong window', 'Delete for everybody')
    await log(ann.page).getByText('Message deleted').waitFor()
    await shot(ann.page, 'replies-desktop')
  })

  await step('a file and a picture are sent', async () => {
    const choosing = ann.page.waitForEvent('filechooser')
    await ann.page.getByRole('button', { name: 'Attach a file' }).click()
    const picture = await ann.page.screenshot({ type: 'png' })
    await (await choosing).setFiles([
      { name: 'route.txt', mimeType: 'text/plain', buffer: Buffer.from('Left at the mill.') },
      { name: 'lake.png', mimeType: 'image/png', buffer: picture },
    ])
    await log(bob.page).getByText('route.txt').waitFor()
    await log(bob.page).getByRole('img', { name: 'lake.png' }).waitFor()
    const downloading = bob.page.waitForEvent('download')
    await bob.page.getByRole('button', { name: 'Download route.txt' }).click()
    assert.equal((await downloading).suggestedFilename(), 'route.txt')
    await shot(bob.page, 'files-phone')
    await shot(ann.page, 'files-desktop')
  })

  await step('long history comes in pages', async () => {
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

  await step('50,000 messages scroll smoothly', async () => {
    const ella = await register(browser, target, `Ella East ${run}`, desktop)
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
    people.push(ella)
    await ella.page.close()
  })

  await step('without a connection it says so, and catches up when it is back', async () => {
    proxy.cut()
    await ann.page.getByText('No connection.').waitFor()
    await write(ann, 'Written in a lift')
    await write(bob, 'Said while Ann was away')
    await log(ann.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('1 message waits to be sent').waitFor()
    await shot(ann.page, 'offline-desktop')
    proxy.mend()
    await log(ann.page).getByText('Said while Ann was away').waitFor()
    await log(bob.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
    await ann.page.getByText('Sending…').waitFor({ state: 'detached' })
  })

  await step('it opens without a network, and sends in order what was written then', async () => {
    await ann.page.evaluate(async () => {
      await navigator.serviceWorker.ready
    })
    await ann.page.reload() // now the service worker is in charge
    await log(ann.page).getByText('Written in a lift').waitFor()
    await knownIsKept(ann.page, 'Written in a lift')
    proxy.cut()
    await ann.page.reload()
    await log(ann.page).getByText('Written in a lift').waitFor()
    await ann.page.getByText('No connection.').waitFor()
    const words = ['First', 'Second', 'Third', 'Fourth', 'Fifth'].map((word) => `${word} from the tunnel`)
    for (const text of words) await write(ann, text)
    await ann.page.getByText('5 messages wait to be sent').waitFor()
    await shot(ann.page, 'opened-offline-desktop')
    await ann.page.reload()
    await ann.page.getByText('5 messages wait to be sent').waitFor()
    proxy.mend()
    await log(bob.page).getByText('Fifth from the tunnel').waitFor()
    const heard = await log(bob.page).getByText('from the tunnel').allTextContents()
    assert.deepEqual(heard, words)
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
  })

  await step('a group of three', async () => {
    const cleo = await register(browser, target, `Cleo Cook ${run}`, desktop)
    people.push(cleo)
    await ann.page.getByRole('tab', { name: 'Chats' }).click()
    await ann.page.getByRole('button', { name: 'New group' }).click()
    await ann.page.getByLabel('Name of the group').fill(`Picnic ${run}`)
    for (const name of [bob.name, cleo.name]) {
      await ann.page.getByRole('dialog').getByRole('searchbox').fill(name)
      await ann.page.getByRole('checkbox', { name }).check()
    }
    await ann.page.waitForTimeout(400) // the search settles
    await shot(ann.page, 'new-group-desktop')
    await ann.page.getByRole('button', { name: 'Create group' }).click()
    await ann.page.getByRole('heading', { name: `Picnic ${run}` }).waitFor()
    await write(ann, 'Who brings what?')
    await cleo.page.getByRole('button', { name: `Picnic ${run}` }).click()
    await log(cleo.page).getByText('Who brings what?').waitFor()
    await record(cleo, 2_600)
    await cleo.page.getByRole('button', { name: 'Send' }).click()
    await bob.page.getByRole('button', { name: 'Back to the chats' }).click()
    await shot(bob.page, 'chats-phone')
    await bob.page.getByRole('button', { name: `Picnic ${run}` }).click()
    await play(bob)
    await write(bob, 'Strawberries')
    await log(ann.page).getByText('Strawberries').waitFor()
    await ann.page.getByText('3 members').waitFor()
    await bob.page.getByText('3 members').waitFor()
    await shot(ann.page, 'group-desktop')
    await shot(bob.page, 'group-phone')
  })

  await step('the group is renamed, somebody is taken out and comes back', async () => {
    const cleo = people.find(({ name }) => name.startsWith('Cleo')) ?? ann
    await ann.page.getByRole('button', { name: /^3 members/ }).click()
    const dialog = ann.page.getByRole('dialog')
    await dialog.getByLabel('Name of the group').fill(`Supper ${run}`)
    await dialog.getByRole('button', { name: 'Rename' }).click()
    await cleo.page.getByRole('heading', { name: `Supper ${run}` }).waitFor()
    await dialog.getByRole('button', { name: `Change ${cleo.name}'s membership` }).click()
    await shot(ann.page, 'group-members-desktop')
    await ann.page.getByRole('menuitem', { name: 'Make admin' }).click()
    await dialog.getByText('Admin').waitFor()
    await dialog.getByRole('button', { name: `Change ${cleo.name}'s membership` }).click()
    await ann.page.getByRole('menuitem', { name: 'Remove from the group' }).click()
    await cleo.page.getByText('You are no longer in this group.').waitFor()
    await dialog.getByRole('searchbox').fill(cleo.name)
    await dialog.getByRole('checkbox', { name: cleo.name }).check()
    await dialog.getByRole('button', { name: 'Add 1 person' }).click()
    await cleo.page.getByPlaceholder('Write a message').waitFor()
    await ann.page.keyboard.press('Escape')
    await ann.page.getByRole('button', { name: /^3 members/ }).waitFor()
  })

  await step('one who leaves was last seen just now', async () => {
    await openPerson(ann, bob.name)
    await bob.page.close()
    await ann.page.locator('header').getByText('Last seen just now').waitFor()
    await shot(ann.page, 'last-seen-desktop')
  })

  await step('a microphone that is refused or missing is explained', async () => {
    const dan = await register(bare, target, `Dan Dyer ${run}`, { ...phone, colorScheme: 'light' })
    await openPerson(dan, ann.name)
    await dan.page.getByRole('button', { name: 'Record a voice message' }).click()
    await dan.page.getByRole('alert').waitFor()
    console.log(`    it says: ${await dan.page.getByRole('alert').textContent()}`)
    await shot(dan.page, 'microphone-phone')
  })

  const complaints = people.flatMap((person) => person.complaints)
  assert.deepEqual(complaints, [])
  assert.deepEqual(findings, [])
  console.log(`All well. Pictures in ${shots}`)
} finally {
  await close()
  proxy.close()
}
