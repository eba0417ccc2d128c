import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { type HistoryRow, rowKey } from './history-rows.ts'

/** Nearer to the end than this, new messages move what is in view. */
const stickPx = 48
/** Nearer to the start or the end of what is loaded than this, more is fetched. */
const fetchPx = 800
/** By then the list has found the place that it is to show, whatever it measured on its way. */
const settledMs = 500

interface HistoryScroll {
  rows: readonly HistoryRow[]
  virtualizer: RefObject<VirtualizerHandle | null>
  /** Where it begins; at the end if nowhere. */
  beginAtSeq: number | undefined
  /** The message to go to. */
  wanted: string | undefined
  onShown: (messageId: string) => void
  /** The rows end with what was said last. */
  isAtNewest: boolean
  canLoad: boolean
  hasOlder: boolean
  loadOlder: () => void
  loadNewer: () => void
}

/**
 * Begins at the first unread message, or at the end; stays at the end while one is there; keeps its place when older
 * messages come in above; goes to what is wanted, and to what one has just written.
 */
export function useHistoryScroll(options: HistoryScroll) {
  const { rows, virtualizer, beginAtSeq, wanted, onShown, isAtNewest, canLoad } = options
  const isAtEnd = useRef(false)
  const [isAway, setAway] = useState(false)
  const hasBegun = useRef(false)
  const settling = useRef<ReturnType<typeof setTimeout>>(undefined)
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

  const latest = useRef(options)
  latest.current = options
  const look = useCallback(() => {
    const view = virtualizer.current
    if (!view || !hasBegun.current) return
    const { isAtNewest, canLoad, hasOlder, loadOlder, loadNewer } = latest.current
    const below = view.scrollSize - view.viewportSize - view.scrollOffset
    isAtEnd.current = isAtNewest && below < stickPx
    setAway(!isAtNewest || below > view.viewportSize)
    // What comes in above would move what it is on its way to, and where it is now says nothing.
    if (settling.current !== undefined || !canLoad) return
    if (hasOlder && view.scrollOffset < fetchPx) loadOlder()
    else if (!isAtNewest && below < fetchPx) loadNewer()
  }, [virtualizer])

  const settle = useCallback(() => {
    clearTimeout(settling.current)
    settling.current = setTimeout(() => {
      settling.current = undefined
      look()
    }, settledMs)
  }, [look])
  const goTo = useCallback(
    (index: number, align: 'start' | 'center') => {
      isAtEnd.current = false
      virtualizer.current?.scrollToIndex(index, { align })
      settle()
    },
    [virtualizer, settle],
  )
  useEffect(() => () => clearTimeout(settling.current), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: after every change of the rows.
  useLayoutEffect(() => {
    const wrote = newestOwn !== undefined && newestOwn !== shown.current.newestOwn
    shown.current = { first, newestOwn }
    if (rows.length === 0) return
    const found = wanted === undefined ? -1 : rows.findIndex(({ message }) => message?._id === wanted)
    if (!hasBegun.current) {
      hasBegun.current = true
      settle()
      const begin = rows.findIndex(({ message }) => message?.seq === beginAtSeq)
      isAtEnd.current = begin < 0 && isAtNewest
      if (begin >= 0 && found < 0) goTo(begin, 'start')
    }
    if (wrote) isAtEnd.current = true
    if (found >= 0 && wanted !== undefined) {
      goTo(found, 'center')
      onShown(wanted)
    } else if (isAtEnd.current) toEnd()
  }, [rows, wanted])

  // Where a page does not fill the view, or came while one was at its start or end.
  useEffect(() => {
    if (canLoad) look()
  }, [canLoad, look])

  return {
    shift,
    /** So far from the end that a way back is wanted. */
    isAway: isAway || (!isAtNewest && rows.length > 0),
    onScroll: look,
    onResize: () => {
      if (isAtEnd.current) toEnd()
    },
    toEnd,
  }
}
