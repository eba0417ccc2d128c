import { directMembers } from '@earshot/protocol'
import { type GroupSizes, largeGroup } from '../conversations/group-sizes.ts'
import type { MembershipStore } from '../conversations/membership-store.ts'
import type { MessageDoc } from '../messages/message-doc.ts'
import type { MessageStore } from '../messages/message-store.ts'
import type { LookGate } from './look-gate.ts'
import { jobIdOf, type LookJob, type NotificationQueues } from './notification-queues.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import type { Unnotified } from './unnotified.ts'

/** Users looked at in one go: what is held in memory, and the size of each query. */
const pageSize = 500

/** What a look came to: how long it has to wait, or nothing. */
export type LookOutcome = { waitMs: number } | undefined

/** Looks who of a conversation is to be notified of its last message, and queues what is to be sent. */
export class ConversationLook {
  readonly #messages: MessageStore
  readonly #memberships: MembershipStore
  readonly #sizes: GroupSizes
  readonly #subscriptions: SubscriptionStore
  readonly #unnotified: Unnotified
  readonly #gate: LookGate
  readonly #queues: NotificationQueues
  readonly #options: { push: boolean; webhook: boolean; secondLookMs: number; ttlMs: number }

  /**
   * @param deps.options.secondLookMs after which a connection that was lost without a word is known to be
   * @param deps.options.ttlMs a message that is older is not news
   */
  constructor(deps: {
    messages: MessageStore
    memberships: MembershipStore
    sizes: GroupSizes
    subscriptions: SubscriptionStore
    unnotified: Unnotified
    gate: LookGate
    queues: NotificationQueues
    options: { push: boolean; webhook: boolean; secondLookMs: number; ttlMs: number }
  }) {
    this.#messages = deps.messages
    this.#memberships = deps.memberships
    this.#sizes = deps.sizes
    this.#subscriptions = deps.subscriptions
    this.#unnotified = deps.unnotified
    this.#gate = deps.gate
    this.#queues = deps.queues
    this.#options = deps.options
  }

  /**
   * May run twice, and at once with others.
   * @param by of the job, the same when it is run again
   */
  async run(job: LookJob, by: string): Promise<LookOutcome> {
    const doc = await this.#message(job)
    if (!doc || doc.isVoid || doc.deletedAt) return undefined
    if (doc.createdAt.getTime() < Date.now() - this.#options.ttlMs) return undefined
    const { groupId } = doc
    if (groupId !== undefined && (await this.#sizes.about(groupId)) > largeGroup) {
      const entered = await this.#gate.enter(groupId, doc.seq, by)
      if (entered === 'done') return undefined
      if (entered !== 'look') return { waitMs: entered }
    }
    let isDoubtful = false
    for await (const userIds of this.#others(doc)) {
      const looked = await this.#lookAt(userIds, doc, by)
      isDoubtful ||= looked
    }
    if (isDoubtful) await this.#lookAgain(doc)
    return undefined
  }

  /** For a second look: what is the last message by now. */
  async #message({ conversationId, messageId, isSecond }: LookJob): Promise<MessageDoc | null> {
    if (!isSecond) return this.#messages.byId(messageId)
    return (await this.#messages.before(conversationId, undefined, 1))[0] ?? null
  }

  /** All but who sent it, in pages. */
  async *#others({ conversationId, groupId, sender }: MessageDoc): AsyncGenerator<string[]> {
    const others = (userIds: readonly string[]) => userIds.filter((userId) => userId !== sender._id)
    if (groupId === undefined) {
      yield others(directMembers(conversationId) ?? [])
      return
    }
    let page = await this.#memberships.page(groupId, undefined, pageSize)
    while (page.length > 0) {
      yield others(page)
      if (page.length < pageSize) return
      page = await this.#memberships.page(groupId, page.at(-1), pageSize)
    }
  }

  /** Returns whether a second look is due. */
  async #lookAt(userIds: string[], doc: MessageDoc, by: string): Promise<boolean> {
    const { push, webhook } = this.#options
    if (userIds.length === 0) return false
    const devices = push ? await this.#subscriptions.idsOfEach(userIds) : new Map<string, string[]>()
    const candidates = webhook ? userIds : userIds.filter((userId) => devices.has(userId))
    if (candidates.length === 0) return false
    const { userIds: chosen, isDoubtful } = await this.#unnotified.among(candidates, doc, by)
    const { conversationId, _id: messageId, seq } = doc
    if (chosen.length === 0) return isDoubtful
    await this.#queues.push.addJobs(
      chosen.flatMap((userId) =>
        (devices.get(userId) ?? []).map((subscriptionId) => ({
          jobId: jobIdOf('push', conversationId, seq, subscriptionId),
          data: { subscriptionId, userId, conversationId, messageId, seq },
        })),
      ),
    )
    if (webhook) {
      const jobId = jobIdOf('webhook', conversationId, seq, by, userIds[0] ?? '')
      await this.#queues.webhook.addJob(jobId, { userIds: chosen, conversationId, messageId, seq })
    }
    return isDoubtful
  }

  /** One for all that is said in the meantime. */
  async #lookAgain({ conversationId, _id: messageId, seq, createdAt }: MessageDoc): Promise<void> {
    const { secondLookMs } = this.#options
    if (secondLookMs <= 0) return
    const bucket = Math.floor(createdAt.getTime() / secondLookMs)
    const delay = (bucket + 2) * secondLookMs - Date.now()
    if (delay <= 0) return
    const jobId = jobIdOf('second look', conversationId, bucket)
    const data: LookJob = { conversationId, messageId, seq, isSecond: true }
    await this.#queues.look.addJob(jobId, data, { delay })
  }
}
