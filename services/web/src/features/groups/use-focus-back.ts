import { useEffect, useState } from 'react'

/** Gives focus back to what had it before this component came, unless something else has taken it when it goes. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus()
    },
    [before],
  )
}
