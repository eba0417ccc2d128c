import { CodedError, type LoginRequest, type RegisterRequest, type Session } from '@earshot/protocol'
import type { Collection, Db } from 'mongodb'
import { isDuplicateKey } from '../clients/duplicate-key.ts'
import { newObjectIdHex } from '../clients/mongo.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import type { Sessions } from './sessions.ts'

interface AccountDoc {
  /** The username in lower case: unique by being the key. */
  _id: string
  userId: string
  name: string
  passwordHash: string
  createdAt: Date
}

/** Built-in accounts, for platforms without an identity provider of their own. */
export class AccountService {
  readonly #accounts: Collection<AccountDoc>
  readonly #sessions: Sessions

  constructor(db: Db, sessions: Sessions) {
    this.#accounts = db.collection<AccountDoc>('accounts')
    this.#sessions = sessions
  }

  /** @throws {CodedError} `CONFLICT` when the username is taken */
  async register(request: RegisterRequest): Promise<Session> {
    const account: AccountDoc = {
      _id: request.username.toLowerCase(),
      userId: newObjectIdHex(),
      name: request.name ?? request.username,
      passwordHash: await hashPassword(request.password),
      createdAt: new Date(),
    }
    try {
      await this.#accounts.insertOne(account)
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      throw new CodedError('CONFLICT', 'This username is taken.', { field: 'username' })
    }
    return this.#sessions.begin(account.userId, account.name)
  }

  /** @throws {CodedError} `UNAUTHENTICATED`, the same for an unknown name and a wrong password */
  async login(request: LoginRequest): Promise<Session> {
    const account = await this.#accounts.findOne({ _id: request.username.toLowerCase() })
    // Hash in any case: the time it takes must not tell whether the name exists.
    const stored = account?.passwordHash ?? (await hashPassword(request.password + request.username))
    const good = await verifyPassword(request.password, stored)
    if (!account || !good) throw new CodedError('UNAUTHENTICATED', 'Wrong username or password.')
    return this.#sessions.begin(account.userId, account.name)
  }
}
