/** What k6 has of the web's globals and `@types/k6` leaves to others. */
declare const console: Record<'log' | 'debug' | 'info' | 'warn' | 'error', (...what: unknown[]) => void>
