import { log, play, record, write } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

export async function groups(stage: Stage): Promise<void> {
  const { ann, bob } = stage
  const cleo = await stage.join('Cleo Cook', desktop)
  const picnic = `Picnic of ${ann.name}`
  const supper = `Supper of ${ann.name}`
  await stage.step('a group of three', async () => {
    await ann.page.getByRole('tab', { name: 'Chats' }).click()
    await ann.page.getByRole('button', { name: 'New group' }).click()
    await ann.page.getByLabel('Name of the group').fill(picnic)
    for (const name of [bob.name, cleo.name]) {
      await ann.page.getByRole('dialog').getByRole('searchbox').fill(name)
      await ann.page.getByRole('checkbox', { name }).check()
    }
    await ann.page.waitForTimeout(400) // the search settles
    await stage.look(ann.page, 'new-group-desktop')
    await ann.page.getByRole('button', { name: 'Create group' }).click()
    await ann.page.getByRole('heading', { name: picnic }).waitFor()
    await write(ann, 'Who brings what?')
    await cleo.page.getByRole('button', { name: picnic }).click()
    await log(cleo.page).getByText('Who brings what?').waitFor()
    await record(cleo, 2_600)
    await cleo.page.getByRole('button', { name: 'Send' }).click()
    await bob.page.getByRole('button', { name: 'Back to the chats' }).click()
    await stage.shot(bob.page, 'chats-phone')
    await bob.page.getByRole('button', { name: picnic }).click()
    await play(bob)
    await write(bob, 'Strawberries')
    await log(ann.page).getByText('Strawberries').waitFor()
    await ann.page.getByText('3 members').waitFor()
    await bob.page.getByText('3 members').waitFor()
    await stage.shot(ann.page, 'group-desktop')
    await stage.look(bob.page, 'group-phone')
  })

  await stage.step('the group is renamed, somebody is taken out and comes back', async () => {
    await ann.page.getByRole('button', { name: /^3 members/ }).click()
    const dialog = ann.page.getByRole('dialog')
    await dialog.getByLabel('Name of the group').fill(supper)
    await dialog.getByRole('button', { name: 'Rename' }).click()
    await cleo.page.getByRole('heading', { name: supper }).waitFor()
    await dialog.getByRole('button', { name: `Change ${cleo.name}'s membership` }).click()
    await stage.look(ann.page, 'group-members-desktop')
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
}
