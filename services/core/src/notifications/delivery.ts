import { createHash } from 'node:crypto'
import { directMembers } from '@earshot/protocol'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { Marks } from '../receipts/marks.ts'
import type { ClaimStore } from './claim-store.ts'
import { type ContentLevel, notificationOf } from './notification.ts'
import type { PushJob, WebhookJob } from './notification-queues.ts'
import type { PushSender } from './push-sender.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import type { WebhookSender } from './webhook-sender.ts'

export type DeliveryResult = 'sent' | 'gone' | 'outdated'

/** Sends what is still news by the time it is sent: a try may come hours after the message. */
export class Delivery {
  readonly #messages: MessageStore
  readonly #memberships: MembershipStore
  readonly #marks: Marks
  readonly #claims: ClaimStore
  readonly #subscriptions: SubscriptionStore
  readonly #options: { content: ContentLevel; ttlMs: number }

  constructor(deps: {
    messages: MessageStore
    memberships: MembershipStore
    marks: Marks
    claims: ClaimStore
    subscriptions: SubscriptionStore
    options: { content: ContentLevel; ttlMs: number }
  }) {
    this.#messages = deps.messages
    this.#memberships = deps.memberships
    this.#marks = deps.marks
    this.#claims = deps.claims
    this.#subscriptions = deps.subscriptions
    this.#options = deps.options
  }

  /** @throws {DeliveryRefusedError} {@link ReceiverBusyError}; any other error says that it may succeed later */
  async push(job: PushJob, sender: PushSender): Promise<DeliveryResult> {
    const { userId, subscriptionId, conversationId } = job
    const subscription = await this.#subscriptions.byId(subscriptionId)
    // Somebody else has signed in on that device since.
    if (subscription?.userId !== userId) return 'gone'
    const news = await this.#news(job, [userId])
    if (!news) return 'outdated'
    const payload = JSON.stringify(notificationOf(news.doc, this.#options.content))
    if (await sender.send(subscription, payload, topicOf(conversationId))) return 'sent'
    await this.#subscriptions.drop(subscriptionId, userId)
    return 'gone'
  }

  /** @throws {DeliveryRefusedError} {@link ReceiverBusyError}; any other error says that it may succeed later */
  async webhook(id: string, job: WebhookJob, sender: WebhookSender): Promise<DeliveryResult> {
    const news = await this.#news(job, job.userIds)
    if (!news) return 'outdated'
    await sender.send(id, notificationOf(news.doc, this.#options.content), news.userIds)
    return 'sent'
  }

  /** The message, and for whom of these it is news; `undefined`: for nobody. */
  async #news(
    { conversationId, messageId, seq }: Pick<PushJob, 'conversationId' | 'messageId' | 'seq'>,
    userIds: string[],
  ): Promise<{ doc: MessageDoc; userIds: string[] } | undefined> {
    const doc = await this.#messages.byId(messageId)
    if (!doc || doc.deletedAt) {
      for (const userId of userIds) await this.#claims.giveBack({ conversationId, userId, seq })
      return undefined
    }
    if (doc.createdAt.getTime() < Date.now() - this.#options.ttlMs) return undefined
    const marks = await this.#marks.find(userIds.map((userId) => ({ conversationId, userId })))
    const unread = userIds.filter((_, i) => (marks[i]?.readSeq ?? 0) < seq)
    const members = directMembers(conversationId)
      ? new Set(unread)
      : await this.#memberships.membersAmong(conversationId, unread)
    const left = unread.filter((userId) => members.has(userId))
    return left.length > 0 ? { doc, userIds: left } : undefined
  }
}

/** Of a conversation, for push services: it tells them nothing. */
function topicOf(conversationId: string): string {
  return createHash('sha256').update(conversationId).digest().subarray(0, 18).toString('base64url')
}
