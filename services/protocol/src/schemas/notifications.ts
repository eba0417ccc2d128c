import Type from 'typebox'
import { closed, Id, plainText, Timestamp } from './common.ts'

const base64Url = (options: { minLength: number; maxLength: number; description: string }) =>
  Type.String({ pattern: '^[A-Za-z0-9_-]*={0,2}$', ...options })

/** What a browser's `PushSubscription.toJSON()` gives, and a name for the device. */
export const PushSubscriptionInput = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^https?://[!-~]+$',
      maxLength: 2_048,
      examples: ['https://fcm.googleapis.com/fcm/send/an-endpoint'],
      description: 'Of a push service that this cluster sends to.',
    }),
    expirationTime: Type.Optional(
      Type.Union([Type.Number({ minimum: 0 }), Type.Null()], { description: 'Not used.' }),
    ),
    keys: Type.Object(
      {
        p256dh: base64Url({ minLength: 87, maxLength: 88, description: 'Public key of the device.' }),
        auth: base64Url({ minLength: 22, maxLength: 24, description: 'Secret of the device, 16 bytes.' }),
      },
      closed,
    ),
    device: Type.Optional(plainText({ maxLength: 100, description: 'To tell it from one’s others.' })),
  },
  closed,
)
export type PushSubscriptionInput = Type.Static<typeof PushSubscriptionInput>

/** A device that gets push notifications. Its endpoint is a secret, and is told to nobody. */
export const PushSubscriptionRecord = Type.Object({
  _id: Id,
  device: Type.Optional(Type.String()),
  service: Type.String({ description: 'Host of its push service.' }),
  createdAt: Timestamp,
})
export type PushSubscriptionRecord = Type.Static<typeof PushSubscriptionRecord>

export const PushSubscriptionList = Type.Object({ subscriptions: Type.Array(PushSubscriptionRecord) })
export type PushSubscriptionList = Type.Static<typeof PushSubscriptionList>

export const PushKey = Type.Object({
  publicKey: Type.String({
    description: 'VAPID public key: `applicationServerKey` of `pushManager.subscribe`.',
  }),
})
export type PushKey = Type.Static<typeof PushKey>

/** What a notification says. What follows `seq` is there as far as the operator lets it (`NOTIFY_CONTENT`). */
export const Notification = Type.Object({
  type: Type.Literal('message'),
  conversationId: Type.String(),
  groupId: Type.Optional(Type.String({ description: 'In a group.' })),
  messageId: Id,
  seq: Type.Integer(),
  sender: Type.Optional(Type.Object({ _id: Type.String(), name: Type.String() })),
  messageType: Type.Optional(Type.String()),
  content: Type.Optional(Type.String({ description: 'Its beginning.' })),
  duration: Type.Optional(Type.Number({ description: 'Of a voice message, seconds.' })),
})
export type Notification = Type.Static<typeof Notification>
