/** A typed Socket.IO client for k6 (`k6/websockets`). It knows nothing of any application. */
export { type BackoffOptions, backoffDelay, defaultBackoff } from './backoff.ts'
export { type ClientEvents, type ClientOptions, droppedByClient, SocketIoClient } from './client.ts'
export { AckTimeoutError, ConnectRefusedError, DisconnectedError } from './errors.ts'
export type { EventAnswer, EventArgs, EventNames } from './event-types.ts'
export type { Answered } from './pending-acks.ts'
