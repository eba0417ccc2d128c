import { openPerson } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

export async function leaving(stage: Stage): Promise<void> {
  const { ann, bob } = stage
  await stage.step('one who leaves was last seen just now', async () => {
    await openPerson(ann, bob.name)
    await bob.page.close()
    await ann.page.locator('header').getByText('Last seen just now').waitFor()
    await stage.shot(ann.page, 'last-seen-desktop')
  })
}
