/** `npm run vapid`: new keys for notifications, as lines of an environment file. */
import { randomBytes } from 'node:crypto'
import webPush from 'web-push'

const { publicKey, privateKey } = webPush.generateVAPIDKeys()
console.log(`VAPID_PUBLIC_KEY=${publicKey}`)
console.log(`VAPID_PRIVATE_KEY=${privateKey}`)
console.log(`NOTIFY_WEBHOOK_SECRET=whsec_${randomBytes(32).toString('base64')}`)
