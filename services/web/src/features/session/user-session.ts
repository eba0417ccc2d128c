import type { Session } from '@earshot/protocol'
import { asksForDemo } from './demo-link.ts'

export interface UserSession {
  userId: string
  name: string
  token: string
}

/** A tab may be somebody else than the browser: its own session comes first. */
const storageKey = 'earshot.session'

export function fromServer(session: Session): UserSession {
  return { userId: session._id, name: session.name, token: session.token }
}

/** For this tab; if `remember`, for every later one of this browser too. */
export function storeSession(session: UserSession, remember: boolean): void {
  const text = JSON.stringify(session)
  sessionStorage.setItem(storageKey, text)
  if (remember) localStorage.setItem(storageKey, text)
}

/** With a newer token: where the session is kept, and nowhere else. */
export function storeRenewed(session: UserSession): void {
  for (const storage of [sessionStorage, localStorage]) {
    if (sessionFrom(storage)?.userId === session.userId) storage.setItem(storageKey, JSON.stringify(session))
  }
}

/** With the newest token that it has. */
export function newestOf(session: UserSession): UserSession {
  const stored = sessionFrom(sessionStorage)
  return stored?.userId === session.userId ? stored : session
}

/** Logged out: another person's session that the browser remembers stays. */
export function forgetSession({ userId }: UserSession): void {
  sessionStorage.removeItem(storageKey)
  if (sessionFrom(localStorage)?.userId === userId) localStorage.removeItem(storageKey)
}

/** From `#token=…` of a platform that has its own identities, else the one of before the reload. */
export function initialSession(): UserSession | undefined {
  const token = new URLSearchParams(window.location.hash.replace(/^#\/?\??/, '')).get('token')
  if (!token) return storedSession()
  window.history.replaceState(null, '', window.location.pathname + window.location.search)
  const session = fromToken(token)
  if (session) storeSession(session, false)
  return session
}

function storedSession(): UserSession | undefined {
  if (asksForDemo(window.location.hash)) return undefined
  return sessionFrom(sessionStorage) ?? sessionFrom(localStorage)
}

function sessionFrom(storage: Storage): UserSession | undefined {
  const stored = parseJson(storage.getItem(storageKey) ?? '')
  return isUserSession(stored) ? stored : undefined
}

/** Reads the claims only to show them; whether they hold is the server's to say. */
export function fromToken(token: string): UserSession | undefined {
  const { sub, name } = claimsOf(token)
  return sub === undefined ? undefined : { userId: sub, name: name ?? sub, token }
}

export interface Claims {
  sub?: string
  name?: string
  /** Seconds since 1970. */
  iat?: number
  exp?: number
}

/** Those of the expected types. */
export function claimsOf(token: string): Claims {
  const claims = parseJson(decodeBase64Url(token.split('.')[1] ?? ''))
  if (typeof claims !== 'object' || claims === null) return {}
  const { sub, name, iat, exp } = claims as Partial<Record<keyof Claims, unknown>>
  return {
    ...(typeof sub === 'string' && { sub }),
    ...(typeof name === 'string' && { name }),
    ...(typeof iat === 'number' && { iat }),
    ...(typeof exp === 'number' && { exp }),
  }
}

function decodeBase64Url(text: string): string {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))
  } catch (error) {
    if (error instanceof DOMException) return ''
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isUserSession(value: unknown): value is UserSession {
  if (typeof value !== 'object' || value === null) return false
  const { userId, name, token } = value as Partial<Record<keyof UserSession, unknown>>
  return [userId, name, token].every((part) => typeof part === 'string')
}
