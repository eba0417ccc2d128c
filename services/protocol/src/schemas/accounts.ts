import Type from 'typebox'
import { closed, plainText, Timestamp, UserId, UserName } from './common.ts'

export const RegisterRequest = Type.Object(
  {
    username: Type.String({
      pattern: '^[A-Za-z0-9._@+-]{2,64}$',
      maxLength: 64,
      description: 'Unique, case-insensitive.',
      examples: ['ann'],
    }),
    password: plainText({ minLength: 8, maxLength: 256 }),
    name: Type.Optional(plainText({ minLength: 1, maxLength: 100, description: 'Shown to people.' })),
  },
  closed,
)
export type RegisterRequest = Type.Static<typeof RegisterRequest>

export const LoginRequest = Type.Object(
  {
    username: plainText({ minLength: 1, maxLength: 64 }),
    password: plainText({ minLength: 1, maxLength: 256 }),
  },
  closed,
)
export type LoginRequest = Type.Static<typeof LoginRequest>

export const DemoPerson = Type.Object({
  _id: UserId,
  username: plainText({ minLength: 1, maxLength: 64 }),
  name: UserName,
})
export type DemoPerson = Type.Static<typeof DemoPerson>

export const DemoPeople = Type.Object({
  people: Type.Array(DemoPerson, { description: 'None unless the operator lets people try it out.' }),
})
export type DemoPeople = Type.Static<typeof DemoPeople>

export const DemoLogin = Type.Object({ username: plainText({ minLength: 1, maxLength: 64 }) }, closed)
export type DemoLogin = Type.Static<typeof DemoLogin>

export const Session = Type.Object({
  _id: UserId,
  name: UserName,
  token: Type.String({ description: 'JWT: for `auth: { token }` and `Authorization: Bearer`.' }),
  expiresAt: Timestamp,
})
export type Session = Type.Static<typeof Session>

export const UserSummary = Type.Object({ _id: UserId, name: UserName })
export type UserSummary = Type.Static<typeof UserSummary>
