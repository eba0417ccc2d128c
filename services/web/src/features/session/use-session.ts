import { HttpApi } from '@earshot/client'
import { useCallback, useState } from 'react'
import { forgetDrafts } from '../chat/draft-texts.ts'
import { forgetSession, initialSession, newestOf, storeSession, type UserSession } from './user-session.ts'

export function useSession() {
  const [session, setSession] = useState(initialSession)
  const [notice, setNotice] = useState<string>()

  const logIn = useCallback((next: UserSession, remember: boolean) => {
    storeSession(next, remember)
    setNotice(undefined)
    setSession(next)
  }, [])

  const logOut = useCallback(
    (reason?: string) => {
      if (session) {
        const newest = newestOf(session)
        forgetSession(session)
        forgetKnown(session.userId)
        forgetDevice(newest)
        // A session that ended by itself goes on after the next login.
        if (reason === undefined) forgetDrafts(session.userId)
      }
      window.history.replaceState(null, '', window.location.pathname)
      setNotice(reason)
      setSession(undefined)
    },
    [session],
  )

  return { session, notice, logIn, logOut }
}

function forgetKnown(userId: string): void {
  import('../chat/conversation-cache.ts')
    .then(({ forgetConversations }) => forgetConversations(userId))
    .catch((error: unknown) => console.warn('Earshot: what was known stays in this browser.', error))
}

/** With the token that the session had: it is over on the page only. */
function forgetDevice({ userId, token }: UserSession): void {
  import('../notifications/push.ts')
    .then(({ unsubscribe }) =>
      unsubscribe(new HttpApi({ url: window.location.origin, getToken: () => token }), userId),
    )
    .catch((error: unknown) => console.warn('Earshot: this browser may still get notifications.', error))
}
