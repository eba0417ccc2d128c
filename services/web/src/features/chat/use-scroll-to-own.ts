import { useLayoutEffect, useRef } from 'react'

/** Whoever reads old messages and then writes one wants to see what they wrote. */
export function useScrollToOwn(newestOwn: string | undefined) {
  const scroll = useRef<HTMLElement>(null)
  useLayoutEffect(() => {
    // The column is reversed: its end is where it starts to scroll.
    if (newestOwn !== undefined) scroll.current?.scrollTo({ top: 0 })
  }, [newestOwn])
  return scroll
}
