import { useEffect } from 'react'
import { useServices } from './services.ts'
import { useStore } from './store.ts'

/** The tab says how much is unread, also while another one is in front. */
export function usePageTitle(): void {
  const { chat } = useServices()
  const unread = useStore(chat.state, ({ conversations }) =>
    conversations.reduce((sum, { unreadCount }) => sum + unreadCount, 0),
  )
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Earshot` : 'Earshot'
    return () => {
      document.title = 'Earshot'
    }
  }, [unread])
}
