import type { Message } from '@earshot/protocol'
import { createContext, useContext } from 'react'

/** What the next message is: an answer to another, or another wording of one's own. */
export interface Composing {
  kind: 'reply' | 'edit'
  message: Message
}

export interface ComposingState {
  composing: Composing | undefined
  compose: (next: Composing | undefined) => void
}

export const ComposingContext = createContext<ComposingState>({
  composing: undefined,
  compose: () => undefined,
})

export function useComposing(): ComposingState {
  return useContext(ComposingContext)
}
