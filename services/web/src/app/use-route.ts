import { useSyncExternalStore } from 'react'

const chatPrefix = '#/chat/'

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

function openConversationId(): string | undefined {
  const { hash } = window.location
  if (!hash.startsWith(chatPrefix)) return undefined
  try {
    return decodeURIComponent(hash.slice(chatPrefix.length)) || undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** The open conversation is part of the address: a reload keeps it, the browser's back button closes it. */
export function useOpenConversationId(): string | undefined {
  return useSyncExternalStore(subscribe, openConversationId)
}

export function openConversation(conversationId: string): void {
  window.location.hash = chatPrefix + encodeURIComponent(conversationId)
}

export function closeConversation(): void {
  window.location.hash = '#/'
}
