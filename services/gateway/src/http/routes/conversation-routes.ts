import type { ChangeService } from '@earshot/core/changes/change-service'
import type { ConversationLister } from '@earshot/core/conversations/conversation-list'
import type { GroupService } from '@earshot/core/conversations/group-service'
import type { HistoryService } from '@earshot/core/messages/history-service'
import type { SearchService } from '@earshot/core/messages/search-service'
import {
  ChangeAck,
  ConversationId,
  ConversationList,
  CreateGroup,
  closed,
  Group,
  HistoryPage,
  HistoryQuery,
  Id,
  type Limits,
  MessageSearch,
  PageSize,
  PatchGroup,
  plainText,
  SearchResult,
  SetMember,
  UserId,
} from '@earshot/protocol'
import Type from 'typebox'
import type { App } from '../app-type.ts'
import { type Authenticate, identityOf } from '../authenticate.ts'

const ChatQuery = Type.Object(
  {
    limit: Type.Optional(PageSize),
    before: Type.Optional(plainText({ maxLength: 1_000, description: 'The `next` of the page before.' })),
  },
  closed,
)
const ConversationParams = Type.Object({ id: ConversationId })
const ById = Type.Object({ id: Id })
const MemberParams = Type.Object({ id: Id, userId: UserId })

/** Conversations, their history, and groups. */
export function conversationRoutes(
  app: App,
  deps: {
    lister: ConversationLister
    history: HistoryService
    groups: GroupService
    changes: ChangeService
    search: SearchService
    limits: Limits
    authenticate: Authenticate
  },
): void {
  app.addHook('onRequest', deps.authenticate)

  app.get(
    '/chat',
    { schema: { tags: ['conversations'], querystring: ChatQuery, response: { 200: ConversationList } } },
    async (request) => {
      const { limit = 50, before } = request.query
      return deps.lister.list(identityOf(request).userId, Math.min(limit, deps.limits.pageMaxItems), before)
    },
  )

  app.get(
    '/chat/:id/messages',
    {
      schema: {
        tags: ['conversations'],
        params: ConversationParams,
        querystring: HistoryQuery,
        response: { 200: HistoryPage },
      },
    },
    async (request) => deps.history.page(identityOf(request).userId, request.params.id, request.query),
  )

  app.post(
    '/group',
    { schema: { tags: ['groups'], body: CreateGroup, response: { 201: Group } } },
    async (request, reply) =>
      reply.code(201).send(await deps.groups.create(identityOf(request).userId, request.body)),
  )

  app.get(
    '/group/:id',
    { schema: { tags: ['groups'], params: ById, response: { 200: Group } } },
    async (request) => deps.groups.get(identityOf(request).userId, request.params.id),
  )

  app.patch(
    '/group/:id',
    { schema: { tags: ['groups'], params: ById, body: PatchGroup, response: { 200: Group } } },
    async (request) => deps.groups.rename(identityOf(request).userId, request.params.id, request.body.name),
  )

  app.delete(
    '/group/:id',
    { schema: { tags: ['groups'], params: ById, response: { 204: Type.Null() } } },
    async (request, reply) => {
      await deps.groups.delete(identityOf(request).userId, request.params.id)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/message/search',
    { schema: { tags: ['conversations'], querystring: MessageSearch, response: { 200: SearchResult } } },
    async (request) => deps.search.search(identityOf(request).userId, request.query),
  )

  app.delete(
    '/message/:id',
    { schema: { tags: ['conversations'], params: ById, response: { 200: ChangeAck } } },
    async (request) => deps.changes.delete(identityOf(request).userId, { messageId: request.params.id }),
  )

  app.put(
    '/group/:id/members/:userId',
    {
      schema: {
        tags: ['groups'],
        params: MemberParams,
        body: SetMember,
        response: { 204: Type.Null() },
      },
      // No body is an empty one.
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
    },
    async (request, reply) => {
      const { id, userId } = request.params
      await deps.groups.putMember(identityOf(request).userId, id, userId, request.body.role)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/group/:id/members/:userId',
    { schema: { tags: ['groups'], params: MemberParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { id, userId } = request.params
      await deps.groups.removeMember(identityOf(request).userId, id, userId)
      return reply.code(204).send(null)
    },
  )
}
