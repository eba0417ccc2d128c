import { lazy, Suspense } from 'react'
import { ChatPage } from '../features/chat/chat-page.tsx'
import { useBackgroundNotices } from '../features/notifications/use-background-notices.ts'
import { ConnectionBanner } from '../features/session/connection-banner.tsx'
import { MiniPlayer } from '../features/voice/mini-player.tsx'
import classes from './shell.module.css'
import { Sidebar } from './sidebar.tsx'
import { usePageTitle } from './use-page-title.ts'
import { useOpenConversationId } from './use-route.ts'

const WelcomePane = lazy(() => import('../features/chat/welcome-pane.tsx'))

interface ShellProps {
  onLogOut: () => void
}

/** Two columns; on a phone the one that matters: the list, or the open conversation. */
export function Shell({ onLogOut }: ShellProps) {
  const conversationId = useOpenConversationId()
  usePageTitle()
  useBackgroundNotices()
  return (
    <div className={classes.shell} data-open={conversationId !== undefined || undefined}>
      <div className={classes.top}>
        <ConnectionBanner />
        <MiniPlayer openId={conversationId} />
      </div>
      <aside className={classes.sidebar} aria-label="Chats and people">
        <Sidebar openId={conversationId} onLogOut={onLogOut} />
      </aside>
      <main className={classes.main}>
        {conversationId ? (
          <ChatPage key={conversationId} conversationId={conversationId} />
        ) : (
          <Suspense fallback={null}>
            <WelcomePane />
          </Suspense>
        )}
      </main>
    </div>
  )
}
