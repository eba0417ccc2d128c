import webPush from 'web-push'

/** Keys of push notifications, as the environment of the services has them. */
export interface VapidKeys {
  VAPID_PUBLIC_KEY: string
  VAPID_PRIVATE_KEY: string
}

/** A new pair. Browsers stay subscribed with the public one: other keys, and they have to subscribe again. */
export function newVapidKeys(): VapidKeys {
  const { publicKey, privateKey } = webPush.generateVAPIDKeys()
  return { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey }
}
