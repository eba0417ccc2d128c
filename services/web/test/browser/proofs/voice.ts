import { strict as assert } from 'node:assert'
import { log, play, record } from '../page-actions.ts'
import { clientOf } from '../person.ts'
import { soundReachedOutput } from '../sound-meter.ts'
import type { Stage } from '../stage.ts'

export async function voice(stage: Stage): Promise<void> {
  const { ann, bob, target } = stage
  await stage.step('a voice message is recorded, heard, stored, and heard again after a reload', async () => {
    await record(ann, 5_200)
    await stage.shot(ann.page, 'recording-desktop')
    await ann.page.getByRole('button', { name: 'Send' }).click()
    await log(bob.page)
      .getByRole('button', { name: /^Play voice message, 0:\d\d/ })
      .waitFor()
    await play(bob)
    await stage.shot(bob.page, 'voice-phone')
    await bob.page.locator('[data-stored="true"]').waitFor()
    await bob.page.reload()
    await play(bob)
    await ann.page.locator('[data-stored="true"]').waitFor()
    await play(ann)
    await stage.look(ann.page, 'chat-desktop')
    await stage.shot(bob.page, 'chat-phone')
  })

  await stage.step('it was speech that came out, and the sender sees that it was played', async () => {
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

  await stage.step('one voice message after the other plays on while another chat is open', async () => {
    await record(ann, 5_000)
    await ann.page.getByRole('button', { name: 'Send' }).click()
    const players = log(bob.page).getByRole('button', { name: /^Play voice message/ })
    await players.nth(1).waitFor()
    await players.first().click()
    await bob.page.getByRole('button', { name: 'Speed: 1. Change it' }).click()
    await bob.page.getByRole('button', { name: 'Back to the chats' }).click()
    const mini = bob.page.getByRole('region', { name: 'Voice message that is playing' })
    await mini.getByText(ann.name).waitFor()
    await stage.look(bob.page, 'mini-player-phone')
    const first = log(ann.page).locator('[data-seq]', {
      has: ann.page.getByTitle('Played', { exact: true }),
    })
    await first.nth(1).waitFor() // the second one has begun
    await mini.waitFor({ state: 'detached' }) // and ended
    await bob.page.getByRole('button', { name: ann.name }).click()
    await players.first().waitFor()
  })

  await stage.step('a voice message goes on where it was left, after a reload', async () => {
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
      .getByText(/0:(0[1-9]|[1-5]\d) \/ 0:\d\d/)
      .waitFor()
    await log(bob.page).getByRole('button', { name: 'Pause' }).click()
    await bob.page.reload()
    await log(bob.page)
      .getByText(/0:(0[1-9]|[1-5]\d) \/ 0:\d\d/)
      .waitFor()
    await log(bob.page)
      .getByRole('button', { name: /^Play voice message/ })
      .last()
      .click()
    await bob.page.getByRole('button', { name: 'Speed: 1.25. Change it' }).waitFor() // remembered as well
    await log(bob.page).getByRole('button', { name: 'Pause' }).click()
  })
}
