import type { HttpApi } from '@earshot/client'

const idKey = 'earshot.push'

/** Whether this browser can show notifications of a page that is closed. */
export function canPush(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
}

/** This browser is told of new messages from now on, also anew at each start: it may have another address by then. */
export async function subscribe(http: HttpApi, userId: string): Promise<void> {
  const registration = await navigator.serviceWorker.ready
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: await http.pushKey(),
  })
  const { endpoint, keys } = subscription.toJSON()
  if (!endpoint || !keys?.p256dh || !keys.auth) throw new Error('The browser gave no keys to a subscription.')
  const { _id } = await http.subscribePush({ endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } })
  localStorage.setItem(`${idKey}.${userId}`, _id)
}

/** Who has logged out of this browser is not told of anything in it any more. */
export async function unsubscribe(http: HttpApi, userId: string): Promise<void> {
  const id = localStorage.getItem(`${idKey}.${userId}`)
  if (id === null) return
  localStorage.removeItem(`${idKey}.${userId}`)
  await http.unsubscribePush(id)
  const registration = await navigator.serviceWorker.getRegistration()
  await (await registration?.pushManager.getSubscription())?.unsubscribe()
}

/** As the service worker does it for a push: one for a conversation, a later one takes its place. */
export async function notify(conversationId: string, title: string, body: string): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  await registration?.showNotification(title, {
    body,
    tag: conversationId,
    icon: '/icon-192.png',
    badge: '/icon-192.png',
  })
}

/** What was read needs no notification any more. */
export async function closeNotifications(conversationId: string): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  for (const shown of (await registration?.getNotifications({ tag: conversationId })) ?? []) shown.close()
}
