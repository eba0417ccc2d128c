import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchProfile } from '../chromium.ts'
import type { Stage } from '../stage.ts'

/** What Chromium itself says of it. A profile of its own: nothing is installed from a window that forgets. */
export async function installable({ target, step }: Stage): Promise<void> {
  await step('it can be installed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'earshot-profile-'))
    const profile = await launchProfile(folder)
    try {
      const page = await profile.newPage()
      await page.goto(target)
      await page.evaluate(() => navigator.serviceWorker.ready)
      const browser = await profile.newCDPSession(page)
      const { url, errors, data } = await browser.send('Page.getAppManifest')
      assert.equal(url, new URL('/manifest.webmanifest', target).href)
      assert.deepEqual(errors, [])
      const { installabilityErrors } = await browser.send('Page.getInstallabilityErrors')
      assert.deepEqual(installabilityErrors, [])
      console.log(`    as ${(JSON.parse(data ?? '{}') as { name?: string }).name}`)
    } finally {
      await profile.close()
      rmSync(folder, { recursive: true })
    }
  })
}
