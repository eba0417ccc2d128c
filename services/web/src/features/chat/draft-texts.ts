import { useState } from 'react'

const prefixOf = (userId: string) => `earshot.draft.${userId}.`

/** What is written and not sent, one for each conversation of a user: another chat, a reload and a closed page leave it. */
export function useDraftText(userId: string, conversationId: string): [string, (text: string) => void] {
  const key = prefixOf(userId) + conversationId
  const [text, setText] = useState(() => localStorage.getItem(key) ?? '')
  return [
    text,
    (next) => {
      setText(next)
      if (next === '') localStorage.removeItem(key)
      else localStorage.setItem(key, next)
    },
  ]
}

/** What one wrote stays in no browser that one has logged out of. */
export function forgetDrafts(userId: string): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(prefixOf(userId))) localStorage.removeItem(key)
  }
}
