import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { type HistoryRow, rowKey } from './history-rows.ts'

/** Nearer to the end than this, new messages move what is in view. */
const stickPx = 48
/** Nearer to the start than this, older messages are fetched. */
const fetchPx = 800

interface HistoryScroll {
  rows: readonly HistoryRow[]
  virtualizer: RefObject<VirtualizerHandle | null>
  firstUnread: number | undefined
  canLoadOlder: boolean
  loadOlder: () => void
}

/**
 * Begins at the first unread message, or at the end; stays at the end while one is there; keeps its place when older
 * messages come in above; goes to what one has just written.
 */
export function useHistoryScroll({ rows, virtualizer, firstUnread, canLoadOlder, loadOlder }: HistoryScroll) {
  const isAtEnd = useRef(true)
  const hasBegun = useRef(false)
  const shown = useRef<{ first: string | undefined; newestOwn: string | undefined }>({
    first: undefined,
    newestOwn: undefined,
  })
  const first = rows[0] && rowKey(rows[0])
  const shift = shown.current.first !== undefined && first !== shown.current.first
  const last = rows.at(-1)
  const newestOwn = last?.outgoing?.clientMessageId

  const toEnd = useCallback(
    () => virtualizer.current?.scrollToIndex(Number.MAX_SAFE_INTEGER, { align: 'end' }),
    [virtualizer],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: after every change of the rows.
  useLayoutEffect(() => {
    const wrote = newestOwn !== undefined && newestOwn !== shown.current.newestOwn
    shown.current = { first, newestOwn }
    if (rows.length === 0) return
    if (!hasBegun.current) {
      const unread = rows.findIndex(({ message }) => message?.seq === firstUnread)
      hasBegun.current = true
      isAtEnd.current = unread < 0
      if (unread >= 0) virtualizer.current?.scrollToIndex(unread, { align: 'start' })
    }
    if (wrote) isAtEnd.current = true
    if (isAtEnd.current) toEnd()
  }, [rows])

  const place = useRef({ canLoadOlder, loadOlder })
  place.current = { canLoadOlder, loadOlder }
  const look = useCallback(() => {
    const view = virtualizer.current
    if (!view || !hasBegun.current) return
    isAtEnd.current = view.scrollSize - view.viewportSize - view.scrollOffset < stickPx
    if (view.scrollOffset < fetchPx && place.current.canLoadOlder) place.current.loadOlder()
  }, [virtualizer])

  // Where a page does not fill the view, or came while one was at the start.
  useEffect(() => {
    if (canLoadOlder) look()
  }, [canLoadOlder, look])

  const show = useCallback(
    (messageId: string) => {
      const index = rows.findIndex(({ message }) => message?._id === messageId)
      if (index >= 0) virtualizer.current?.scrollToIndex(index, { align: 'center' })
    },
    [rows, virtualizer],
  )

  return {
    shift,
    onScroll: look,
    onResize: () => {
      if (isAtEnd.current) toEnd()
    },
    show,
  }
}
