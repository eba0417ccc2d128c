import { strict as assert } from 'node:assert'
import { socketsOf } from '../nodes.ts'
import { choose, log, messages, openMenu, openPerson, write } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

export async function talk(stage: Stage): Promise<void> {
  const { ann, bob, nodes, target } = stage
  await stage.step('pictures of the first sight', async () => {
    const stranger = await stage.stranger(desktop)
    await stranger.goto(target)
    await stranger.getByRole('button', { name: 'Log in' }).waitFor()
    await stage.look(stranger, 'login-desktop')
    await stranger.close()
    await stage.look(ann.page, 'empty-desktop')
    await stage.look(bob.page, 'empty-phone')
  })

  await stage.step('the balancer has put them on different nodes', async () => {
    if (nodes.length > 0) assert.deepEqual(await socketsOf(nodes), [1, 1])
  })

  await stage.step('each sees the other online', async () => {
    await openPerson(ann, bob.name)
    await ann.page.locator('header').getByText('Online').waitFor()
    await bob.page.getByRole('tab', { name: 'People' }).click()
    await bob.page.getByRole('button', { name: ann.name }).getByText('Online').waitFor()
    await stage.look(bob.page, 'people-phone')
  })

  await stage.step('they write to each other', async () => {
    await write(ann, 'Hello Bob! Are you there?')
    await bob.page.getByRole('tab', { name: 'Chats' }).click()
    await bob.page.getByRole('button', { name: ann.name }).click()
    await log(bob.page).getByText('Hello Bob! Are you there?').waitFor()
    await write(bob, 'I am. What is it?')
    await log(ann.page).getByText('I am. What is it?').waitFor()
  })

  await stage.step('each sees the other writing, and no longer when that is given up', async () => {
    const input = bob.page.getByPlaceholder('Write a message')
    const writing = ann.page.getByText(`${bob.name} is writing…`)
    await input.pressSequentially('Hm')
    await writing.first().waitFor()
    await input.fill('')
    await writing.first().waitFor({ state: 'detached' })
  })

  await stage.step('a message is answered, liked, worded anew and deleted', async () => {
    await write(ann, 'Shall we meet at the lake?')
    await log(bob.page).getByText('Shall we meet at the lake?').waitFor()
    await openMenu(ann, 'the lake?')
    await stage.look(ann.page, 'menu-desktop')
    await ann.page.keyboard.press('Escape')
    await choose(bob, 'the lake?', 'React with 👍')
    await ann.page.getByRole('button', { name: '👍, 1' }).click()
    await bob.page.getByRole('button', { name: '👍, 2' }).waitFor()
    await choose(bob, 'the lake?', 'Reply')
    await write(bob, 'Yes, at noon')
    await log(ann.page).locator('blockquote').getByText('Shall we meet at the lake?').waitFor()
    await choose(bob, 'at noon', 'Edit')
    await bob.page.getByPlaceholder('Write a message').fill('Yes, at one')
    await stage.look(bob.page, 'edit-phone')
    await bob.page.keyboard.press('Enter')
    await log(ann.page).getByText('Yes, at one').waitFor()
    await log(ann.page).getByText('edited').waitFor()
    await write(bob, 'Sorry, wrong window')
    await log(ann.page).getByText('Sorry, wrong window').waitFor()
    await choose(bob, 'wrong window', 'Delete for everybody')
    await log(ann.page).getByText('Message deleted').waitFor()
    await stage.shot(ann.page, 'replies-desktop')
  })

  await stage.step('a file and a picture are sent', async () => {
    const choosing = ann.page.waitForEvent('filechooser')
    await ann.page.getByRole('button', { name: 'Attach a file' }).click()
    const bytes = await ann.page.screenshot({ type: 'png' })
    await (await choosing).setFiles([
      { name: 'route.txt', mimeType: 'text/plain', buffer: Buffer.from('Left at the mill.') },
      { name: 'lake.png', mimeType: 'image/png', buffer: bytes },
    ])
    await log(bob.page).getByText('route.txt').waitFor()
    await log(bob.page).getByRole('img', { name: 'lake.png' }).waitFor()
    const fileSeq = await messages(bob.page).filter({ hasText: 'route.txt' }).getAttribute('data-seq')
    const picture = messages(bob.page).filter({ has: bob.page.getByRole('img', { name: 'lake.png' }) })
    assert.equal(Number(await picture.getAttribute('data-seq')), Number(fileSeq) + 1, 'as they were attached')
    const downloading = bob.page.waitForEvent('download')
    await bob.page.getByRole('button', { name: 'Download route.txt' }).click()
    assert.equal((await downloading).suggestedFilename(), 'route.txt')
    await stage.shot(bob.page, 'files-phone')
    await stage.look(ann.page, 'files-desktop')
  })

  await stage.step('a picture is looked at in full', async () => {
    await log(ann.page).getByRole('button', { name: 'lake.png', exact: true }).click()
    const dialog = ann.page.getByRole('dialog')
    await dialog.getByRole('img', { name: 'lake.png' }).waitFor()
    await stage.look(ann.page, 'image-desktop')
    const downloading = ann.page.waitForEvent('download')
    await dialog.getByRole('button', { name: 'Download' }).click()
    await downloading
    await ann.page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  })
}
