import type { Db } from 'mongodb'

/** A user, and the token by which the cluster knows them. */
export interface Identity {
  userId: string
  token: string
}

/** The cluster that is checked. */
export interface Target {
  /** The base URL of each node that can be reached now; a balancer's alone where nodes cannot be told apart. */
  urls(): string[]
  identify(name: string): Promise<Identity>
  /** MongoDB behind it; without, what clients read is all there is to judge by. */
  db?: Db | undefined
  /** What can be done to its servers. */
  faults?: Faults | undefined
  close(): Promise<void>
}

export interface Faults {
  /** A gateway dies by SIGKILL; another takes its place. Resolves when that one is up. */
  kill(): Promise<string>
  /** A gateway loses Redis. */
  cut(): string
  /** Redis is back for all. */
  mend(): void
  /** Redis loses what it knows of a conversation. */
  forget(conversationId: string): Promise<string>
}
