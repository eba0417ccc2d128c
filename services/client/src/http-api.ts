import {
  CodedError,
  type Conversation,
  type ConversationList,
  type CreateGroup,
  type DemoPeople,
  type DemoPerson,
  type Group,
  type HistoryPage,
  type HistoryQuery,
  type Limits,
  type LoginRequest,
  type MessageSearch,
  type PushKey,
  type PushSubscriptionList,
  type PushSubscriptionRecord,
  type RegisterRequest,
  type SearchResult,
  type Session,
  type SetMember,
  type SignedMediaUrl,
  type UserLastSeen,
  type UserSummary,
} from '@earshot/protocol'
import { HttpTransport, type HttpTransportOptions } from './http-transport.ts'

const segment = encodeURIComponent

/** As browsers type what they give. The service looks whether all is there. */
export interface BrowserPushSubscription {
  endpoint?: string
  expirationTime?: number | null
  keys?: Record<string, string>
  device?: string
}

/** The HTTP side of the service. `register`, `login` and `limits` need no token. */
export class HttpApi {
  readonly #http: HttpTransport

  constructor(transport: HttpTransport | HttpTransportOptions) {
    this.#http = transport instanceof HttpTransport ? transport : new HttpTransport(transport)
  }

  /** Who the token says one is. */
  me(): Promise<UserSummary> {
    return this.#http.json('GET', '/user/me')
  }

  register(account: RegisterRequest): Promise<Session> {
    return this.#http.json('POST', '/user/register', { body: account })
  }

  login(account: LoginRequest): Promise<Session> {
    return this.#http.json('POST', '/user/login', { body: account })
  }

  /**
   * A new token for the one in use, which must still be valid: for built-in accounts and demo people. Rejects with
   * `FORBIDDEN` for the token of a platform's own issuer, and with `UNAUTHENTICATED` when it is time to log in again.
   */
  renew(): Promise<Session> {
    return this.#http.json('POST', '/user/renew')
  }

  /** Whom everybody may be without a password; nobody unless the operator lets people try it out. */
  async demoPeople(): Promise<DemoPerson[]> {
    return (await this.#http.json<DemoPeople>('GET', '/user/demo')).people
  }

  demoLogin(username: string): Promise<Session> {
    return this.#http.json('POST', '/user/demo', { body: { username } })
  }

  /** All of them, the one with the newest message first. */
  async conversations(): Promise<Conversation[]> {
    const all: Conversation[] = []
    let before: string | undefined
    do {
      const page = await this.#http.json<ConversationList>('GET', '/chat', { query: { before } })
      all.push(...page.conversations)
      before = page.next
    } while (before !== undefined)
    return all
  }

  /** Without `beforeSeq` and `afterSeq`: the newest messages. Always in ascending order. */
  history(conversationId: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    return this.#http.json('GET', `/chat/${segment(conversationId)}/messages`, { query })
  }

  createGroup(group: CreateGroup): Promise<Group> {
    return this.#http.json('POST', '/group', { body: group })
  }

  group(groupId: string): Promise<Group> {
    return this.#http.json('GET', `/group/${segment(groupId)}`)
  }

  renameGroup(groupId: string, name: string): Promise<Group> {
    return this.#http.json('PATCH', `/group/${segment(groupId)}`, { body: { name } })
  }

  /** For everybody, with all that was said. */
  async deleteGroup(groupId: string): Promise<void> {
    await this.#http.request('DELETE', `/group/${segment(groupId)}`)
  }

  async setMember(groupId: string, userId: string, member: SetMember = {}): Promise<void> {
    await this.#http.request('PUT', memberPath(groupId, userId), { body: member })
  }

  async removeMember(groupId: string, userId: string): Promise<void> {
    await this.#http.request('DELETE', memberPath(groupId, userId))
  }

  lastSeen(userId: string): Promise<UserLastSeen> {
    return this.#http.json('GET', `/user/lastSeen/${segment(userId)}`)
  }

  /** Of nobody, without a request, when it is asked of nobody. */
  async lastSeenMany(userIds: readonly string[]): Promise<UserLastSeen[]> {
    if (userIds.length === 0) return []
    const answer = await this.#http.json<{ users: UserLastSeen[] }>('POST', '/user/lastSeen', {
      body: { userIds },
    })
    return answer.users
  }

  /** Users whose name matches; for an empty text the most recently seen ones. */
  async searchUsers(text: string): Promise<UserSummary[]> {
    return (await this.#http.json<{ users: UserSummary[] }>('GET', '/user', { query: { search: text } }))
      .users
  }

  /** The bytes behind `/media/<id>`, which a bare `<audio src>` may not read for want of the token. */
  async media(url: string): Promise<Blob> {
    if (!url.startsWith('/media/')) {
      throw new CodedError('BAD_REQUEST', 'Only /media/<id> of this service can be read.')
    }
    return this.#http.blob(url)
  }

  /** An address that a link or an image can load without a header, for a while. */
  signMedia(url: string): Promise<SignedMediaUrl> {
    return this.#http.json('POST', `${url}/sign`)
  }

  /** Messages of one's conversations with these words, the newest first. */
  searchMessages(search: MessageSearch): Promise<SearchResult> {
    return this.#http.json('GET', '/message/search', { query: search })
  }

  /**
   * For `pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })`. Rejects with `NOT_FOUND` where there are no
   * push notifications.
   */
  async pushKey(): Promise<string> {
    return (await this.#http.json<PushKey>('GET', '/push/key')).publicKey
  }

  /** @param subscription the browser's `PushSubscription.toJSON()`, and a name for the device if wanted */
  subscribePush(subscription: BrowserPushSubscription): Promise<PushSubscriptionRecord> {
    return this.#http.json('POST', '/push/subscriptions', { body: subscription })
  }

  /** One's devices that get push notifications, the newest first. */
  async pushSubscriptions(): Promise<PushSubscriptionRecord[]> {
    return (await this.#http.json<PushSubscriptionList>('GET', '/push/subscriptions')).subscriptions
  }

  async unsubscribePush(subscriptionId: string): Promise<void> {
    await this.#http.request('DELETE', `/push/subscriptions/${segment(subscriptionId)}`)
  }

  limits(): Promise<Limits> {
    return this.#http.json('GET', '/limits')
  }
}

function memberPath(groupId: string, userId: string): string {
  return `/group/${segment(groupId)}/members/${segment(userId)}`
}
