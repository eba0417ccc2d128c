import { createContext } from 'react'

/** Brings a message of the open conversation into view, if it is loaded. */
export const ShowMessageContext = createContext<(messageId: string) => void>(() => undefined)
