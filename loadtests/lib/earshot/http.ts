import type { ConversationList, Group, HistoryPage, UserLastSeen } from '@earshot/protocol'
import { sha256 } from 'k6/crypto'
import http, { type RefinedResponse, type ResponseType } from 'k6/http'

/** What was asked over HTTP failed: by its status, or by no answer at all. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
}

/** Longer than any answer should take. */
const timeout = '60s'

interface Asking {
  target: string
  token: string
}

/** Several users at once, 500 at most. */
export async function askLastSeen({ target, token }: Asking, userIds: string[]): Promise<UserLastSeen[]> {
  const response = await http.asyncRequest('POST', `${target}/user/lastSeen`, JSON.stringify({ userIds }), {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    timeout,
    tags: { name: 'POST /user/lastSeen' },
  })
  return (bodyOf(response, 200) as { users: UserLastSeen[] }).users
}

/** One user as a client polls it: with the ETag of the last answer. `undefined`: nothing has changed since. */
export async function pollLastSeen(
  { target, token }: Asking,
  userId: string,
  etag: string | undefined,
): Promise<{ user: UserLastSeen | undefined; etag: string | undefined }> {
  const response = await http.asyncRequest(
    'GET',
    `${target}/user/lastSeen/${encodeURIComponent(userId)}`,
    null,
    {
      headers: { authorization: `Bearer ${token}`, ...(etag !== undefined && { 'if-none-match': etag }) },
      timeout,
      tags: { name: 'GET /user/lastSeen/:userId' },
      responseCallback: http.expectedStatuses(200, 304),
    },
  )
  if (response.status === 304) return { user: undefined, etag }
  return { user: bodyOf(response, 200) as UserLastSeen, etag: response.headers.Etag }
}

/** @param members besides the one who asks */
export async function createGroup(
  { target, token }: Asking,
  name: string,
  members: string[],
): Promise<Group> {
  const response = await http.asyncRequest('POST', `${target}/group`, JSON.stringify({ name, members }), {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    timeout,
    tags: { name: 'POST /group' },
  })
  return bodyOf(response, 201) as Group
}

export async function removeMember(
  { target, token }: Asking,
  groupId: string,
  userId: string,
): Promise<void> {
  const url = `${target}/group/${groupId}/members/${encodeURIComponent(userId)}`
  const response = await http.asyncRequest('DELETE', url, null, {
    headers: { authorization: `Bearer ${token}` },
    timeout,
    tags: { name: 'DELETE /group/:id/members/:userId' },
  })
  if (response.status !== 204) throw unexpected(response)
}

/** Adds somebody to a group, as a plain member. */
export async function addMember({ target, token }: Asking, groupId: string, userId: string): Promise<void> {
  const url = `${target}/group/${groupId}/members/${encodeURIComponent(userId)}`
  const response = await http.asyncRequest('PUT', url, '{}', {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    timeout,
    tags: { name: 'PUT /group/:id/members/:userId' },
  })
  if (response.status < 200 || response.status > 299) throw unexpected(response)
}

/** The first page of one's conversations. */
export async function listConversations({ target, token }: Asking): Promise<ConversationList> {
  const response = await http.asyncRequest('GET', `${target}/chat`, null, {
    headers: { authorization: `Bearer ${token}` },
    timeout,
    tags: { name: 'GET /chat' },
  })
  return bodyOf(response, 200) as ConversationList
}

/** The newest page of a conversation's history. */
export async function newestMessages(
  { target, token }: Asking,
  conversationId: string,
): Promise<HistoryPage> {
  const url = `${target}/chat/${encodeURIComponent(conversationId)}/messages?limit=50`
  const response = await http.asyncRequest('GET', url, null, {
    headers: { authorization: `Bearer ${token}` },
    timeout,
    tags: { name: 'GET /chat/:id/messages' },
  })
  return bodyOf(response, 200) as HistoryPage
}

/** Fetches media and gives its SHA-256 in hex. @param path `/media/<id>` */
export async function downloadedSha256({ target, token }: Asking, path: string): Promise<string> {
  const response = await http.asyncRequest('GET', `${target}${path}`, null, {
    headers: { authorization: `Bearer ${token}` },
    timeout,
    responseType: 'binary',
    tags: { name: 'GET /media/:id' },
  })
  if (response.status !== 200) throw unexpected(response)
  return sha256(response.body as ArrayBuffer, 'hex')
}

function bodyOf(response: RefinedResponse<ResponseType | undefined>, status: number): unknown {
  if (response.status !== status) throw unexpected(response)
  return response.json()
}

function unexpected({ status, body, error, url }: RefinedResponse<ResponseType | undefined>): HttpError {
  return new HttpError(`${url} answered ${status || 'nothing'}: ${error || String(body).slice(0, 200)}`)
}
