import { openPerson } from '../page-actions.ts'
import { desktop } from '../person.ts'
import type { Stage } from '../stage.ts'

export async function polling(stage: Stage): Promise<void> {
  await stage.step('where no events come, last seen is asked for', async () => {
    const pat = await stage.join('Pat Poll', desktop)
    // A service worker would keep requests from being refused here.
    const gus = await stage.join('Gus Gone', { ...desktop, serviceWorkers: 'block' })
    const status = gus.page.locator('header')
    await openPerson(gus, pat.name)
    await status.getByText('Online').waitFor()
    // The socket is gone and does not come back; HTTP answers.
    await gus.page.routeWebSocket(/socket\.io/, (socket) => void socket.close())
    await gus.page.route(/socket\.io/, (route) => route.abort('connectionrefused'))
    await gus.page.reload()
    await gus.page.getByText('No connection.').waitFor()
    await status.getByText('Online').waitFor()
    await pat.page.close()
    await status.getByText('Last seen').waitFor()
    await gus.page.close()
  })
}
