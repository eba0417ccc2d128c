import { useCallback, useState } from 'react'
import { initialSession, storeSession, type UserSession } from './user-session.ts'

export function useSession() {
  const [session, setSession] = useState(initialSession)
  const [notice, setNotice] = useState<string>()

  const logIn = useCallback((next: UserSession) => {
    storeSession(next)
    setNotice(undefined)
    setSession(next)
  }, [])

  const logOut = useCallback((reason?: string) => {
    storeSession(undefined)
    window.history.replaceState(null, '', window.location.pathname)
    setNotice(reason)
    setSession(undefined)
  }, [])

  return { session, notice, logIn, logOut }
}
