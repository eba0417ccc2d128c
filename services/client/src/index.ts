export type {
  Change,
  Conversation,
  Group,
  Message,
  Notification,
  PushSubscriptionRecord,
  SendAck,
  UserStatus,
} from '@earshot/protocol'
export { CodedError, directConversationId, directMembers } from '@earshot/protocol'
export { connect, EarshotClient } from './earshot-client.ts'
export type { EarshotEvents, StateEvents } from './events.ts'
export type { FeedEvents } from './feed/feed.ts'
export type { FeedPosition } from './feed/feed-state.ts'
export { type BrowserPushSubscription, HttpApi } from './http-api.ts'
export type { HttpTransportOptions } from './http-transport.ts'
export { newMessageId } from './message-id.ts'
export * from './message-list.ts'
export type { EarshotOptions, TokenSource } from './options.ts'
export type { OutboxEvents } from './outbox/outbox.ts'
export type { OutboxItem, OutboxStorage } from './outbox/outbox-storage.ts'
export { applyStatuses, forgetOnline, type PresenceState } from './presence-state.ts'
export { defaultRetryPolicy, isRetryable, type RetryPolicy } from './retry.ts'
export type { TypingAddress } from './typing-notifier.ts'
export type { UploadOptions } from './uploads/resumable-upload.ts'
