import { log, write } from '../page-actions.ts'
import type { Stage } from '../stage.ts'

/** What the page does with a push; that the server sends one is proven elsewhere (services/e2e/test). */
export async function notifications(stage: Stage): Promise<void> {
  const { ann, bob } = stage
  await stage.step('a push becomes a notification, and reading takes it away', async () => {
    const { page } = bob
    const conversationId = decodeURIComponent(new URL(page.url()).hash.replace('#/chat/', ''))
    await page.context().grantPermissions(['notifications'], { origin: new URL(page.url()).origin })
    await page.evaluate(() => navigator.serviceWorker.ready)
    const browser = await page.context().newCDPSession(page)
    const registered = new Promise<string>((resolve) => {
      browser.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        if (registrations[0]) resolve(registrations[0].registrationId)
      })
    })
    await browser.send('ServiceWorker.enable')
    const { origin } = new URL(page.url())
    const data = JSON.stringify({
      type: 'message',
      conversationId,
      sender: { name: 'Ann Archer' },
      content: 'Hello',
    })
    await browser.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registered, data })
    const titles = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready
        return (await registration.getNotifications()).map(({ title, body }) => `${title}: ${body}`)
      })
    while (!(await titles()).includes('Ann Archer: Hello')) await page.waitForTimeout(50)
    await page.getByRole('button', { name: 'Back to the chats' }).click()
    await write(ann, 'Unread for a moment')
    await page.getByRole('button', { name: /Unread for a moment/ }).click()
    await log(page).getByText('Unread for a moment').waitFor()
    while ((await titles()).length > 0) await page.waitForTimeout(50)
    await browser.detach()
  })
}
