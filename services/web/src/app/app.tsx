import { MantineProvider } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { useSession } from '../features/session/use-session.ts'
import type { UserSession } from '../features/session/user-session.ts'
import { ErrorPage } from './error-page.tsx'
import { ServicesContext, useConnectedServices } from './services.ts'
import { Shell } from './shell.tsx'
import { theme } from './theme.ts'

const LoginPage = lazy(() => import('../features/session/login-page.tsx'))

export function App() {
  const { session, notice, logIn, logOut } = useSession()
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <ErrorPage>
        {session ? (
          <LoggedIn session={session} onLogOut={logOut} />
        ) : (
          <Suspense fallback={null}>
            <LoginPage notice={notice} onLogIn={logIn} />
          </Suspense>
        )}
      </ErrorPage>
    </MantineProvider>
  )
}

interface LoggedInProps {
  session: UserSession
  onLogOut: (notice?: string) => void
}

function LoggedIn({ session, onLogOut }: LoggedInProps) {
  const services = useConnectedServices(session, onLogOut)
  if (!services) return null
  return (
    <ServicesContext value={services}>
      <Shell onLogOut={() => onLogOut()} />
    </ServicesContext>
  )
}
