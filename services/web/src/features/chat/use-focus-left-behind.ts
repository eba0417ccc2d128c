import { type RefObject, useLayoutEffect } from 'react'

type Part = RefObject<HTMLElement | null>

/** Where the button of a message goes, with one that is deleted or scrolled away, focus in it or in its menu stays with the messages. */
export function useFocusLeftBehind(button: Part, menu?: Part): void {
  useLayoutEffect(
    () => () => {
      const { activeElement } = document
      if (button.current?.contains(activeElement) || menu?.current?.contains(activeElement)) {
        button.current?.closest('section')?.focus({ preventScroll: true })
      }
    },
    [button, menu],
  )
}
