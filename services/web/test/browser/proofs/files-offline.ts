import { log } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

export async function filesOffline(stage: Stage): Promise<void> {
  const { ann, bob, wire } = stage
  await stage.step('a file that was attached without a network arrives after a reload', async () => {
    wire.cut()
    await ann.page.getByText('No connection.').waitFor()
    const choosing = ann.page.waitForEvent('filechooser')
    await ann.page.getByRole('button', { name: 'Attach a file' }).click()
    const file = { name: 'tunnel.txt', mimeType: 'text/plain', buffer: Buffer.from('Dark in here.') }
    await (await choosing).setFiles([file])
    await log(ann.page).getByText('tunnel.txt').waitFor()
    await ann.page.getByText('1 message waits').waitFor()
    await ann.page.waitForFunction(async () => {
      const { userId } = JSON.parse(sessionStorage.getItem('earshot.session') ?? '{}')
      const opening = indexedDB.open(`earshot-uploads:${userId}`)
      await new Promise((resolve) => {
        opening.onsuccess = resolve
      })
      const counting = opening.result.transaction('uploads').objectStore('uploads').count()
      await new Promise((resolve) => {
        counting.onsuccess = resolve
      })
      opening.result.close()
      return counting.result === 1
    })
    await ann.page.reload()
    await ann.page.getByText('1 message waits').waitFor()
    await log(ann.page).getByText('tunnel.txt').waitFor()
    wire.mend()
    await log(bob.page).getByRole('button', { name: 'Download tunnel.txt' }).waitFor()
    await ann.page.getByText('No connection.').waitFor({ state: 'detached' })
    await log(ann.page).getByRole('button', { name: 'Download tunnel.txt' }).waitFor()
  })
}
