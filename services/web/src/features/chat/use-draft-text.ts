import { useState } from 'react'

/** What is written and not sent, one for each conversation: another chat and a reload leave it. */
export function useDraftText(conversationId: string): [string, (text: string) => void] {
  const key = `earshot.draft.${conversationId}`
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? '')
  return [
    text,
    (next) => {
      setText(next)
      if (next === '') sessionStorage.removeItem(key)
      else sessionStorage.setItem(key, next)
    },
  ]
}
