import { strict as assert } from 'node:assert'
import { fingerOn } from '../finger.ts'
import { log, openPerson, record } from '../page-actions.ts'
import { phone } from '../person.ts'
import type { Stage } from '../stage.ts'

export async function recorder(stage: Stage): Promise<void> {
  const { ann, bob, mute } = stage
  await stage.step('a recording is thrown away', async () => {
    await record(bob, 500)
    await stage.look(bob.page, 'recording-phone')
    await bob.page.getByRole('button', { name: 'Throw the recording away' }).click()
    await bob.page.getByPlaceholder('Write a message').waitFor()
    assert.equal(await log(bob.page).getByRole('slider').count(), 2)
  })

  await stage.step('a recording is paused, heard, survives a reload, and is sent', async () => {
    await record(bob, 1_500)
    await bob.page.getByRole('button', { name: 'Pause' }).click()
    await bob.page.getByRole('button', { name: 'Go on recording' }).click()
    await bob.page.getByRole('timer').waitFor()
    await bob.page.waitForTimeout(1_000)
    await bob.page.getByRole('button', { name: 'Pause' }).click()
    await bob.page.getByRole('button', { name: /^Listen to your recording, 0:\d\d/ }).click()
    await bob.page.getByRole('button', { name: 'Pause', exact: true }).waitFor()
    await stage.look(bob.page, 'draft-phone')
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

  await stage.step('a finger holds to record, slides to cancel, and lets go to send', async () => {
    const finger = await fingerOn(bob.page, 'Record a voice message')
    await finger.down()
    await bob.page.getByRole('timer').waitFor()
    await finger.slide(-140, 0)
    await bob.page.getByPlaceholder('Write a message').waitFor()
    await finger.up()
    await finger.down()
    await bob.page.getByRole('timer').filter({ hasNotText: '0:00' }).waitFor()
    await stage.shot(bob.page, 'holding-phone')
    await finger.up()
    await log(ann.page).getByTitle('Not played yet').nth(1).waitFor()
  })

  await stage.step('a microphone that is refused or missing is explained', async () => {
    const light = { ...phone, colorScheme: 'light' as const }
    const dan = await stage.join('Dan Dyer', light, { browser: mute })
    await openPerson(dan, ann.name)
    await dan.page.getByRole('button', { name: 'Record a voice message' }).click()
    await dan.page.getByRole('alert').waitFor()
    console.log(`    it says: ${await dan.page.getByRole('alert').textContent()}`)
    await stage.look(dan.page, 'microphone-phone')
  })
}
