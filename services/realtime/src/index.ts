export * from './realtime-server.ts'
export * from './rooms.ts'
export * from './socket-fanout.ts'
export type { Subscriptions } from './subscriptions.ts'
