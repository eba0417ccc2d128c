import { CodedError, HttpApi } from '@earshot/client'
import { useState } from 'react'
import { errorText } from '../../app/error-text.ts'
import { fromServer, type UserSession } from './user-session.ts'

export const usernameRule = 'At least 2 letters, digits or any of . _ @ + - and no spaces.'

export type LoginMode = 'login' | 'register'

export interface Credentials {
  username: string
  password: string
  name: string
  /** Also after the browser is closed. */
  remember: boolean
}

export interface LoginError {
  field: string | undefined
  text: string
}

export const http = new HttpApi({ url: window.location.origin })

export function useLogin(mode: LoginMode, onLogIn: (session: UserSession, remember: boolean) => void) {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<LoginError>()

  async function submit({ username, password, name, remember }: Credentials) {
    setBusy(true)
    setError(undefined)
    const account = { username: username.trim(), password }
    try {
      const session =
        mode === 'login'
          ? await http.login(account)
          : await http.register({ ...account, name: name.trim() || account.username })
      onLogIn(fromServer(session), remember)
    } catch (failure) {
      setError(explain(failure, mode))
    } finally {
      setBusy(false)
    }
  }

  /** As one of those whom everybody may be: in this tab only. */
  async function beDemo(username: string) {
    setBusy(true)
    try {
      onLogIn(fromServer(await http.demoLogin(username)), false)
    } catch (failure) {
      setError({ field: undefined, text: errorText(failure) })
    } finally {
      setBusy(false)
    }
  }

  return { busy, error, submit, beDemo, clearError: () => setError(undefined) }
}

function explain(error: unknown, mode: LoginMode): LoginError {
  const { code, field } = error instanceof CodedError ? error : { code: undefined, field: undefined }
  if (code === 'UNAUTHENTICATED') return { field: undefined, text: 'That username and password do not fit.' }
  if (code === 'CONFLICT' && mode === 'register') {
    return { field: 'username', text: 'That username is taken. Choose another one, or log in.' }
  }
  if (code === 'BAD_REQUEST' && field === 'username') return { field, text: usernameRule }
  return { field, text: errorText(error) }
}
