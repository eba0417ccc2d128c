import type { PresenceVisibility } from '@earshot/protocol'
import type { VisibilityRules } from './rules.ts'

/** That it changed who sees a user, as processes tell each other. */
export interface VisibilityChange {
  userId: string
  /** When, ms since 1970 by Redis' clock; newer than any state of the user that was told before. */
  version: number
  /** Only between the user and these it may be different now; absent: between the user and anybody. */
  others?: string[]
  /** The user's rules by now. */
  rules: WireRules
  /** The first of `others` became a contact. */
  isContact?: boolean
}

/** Rules in the form of a message. */
export interface WireRules {
  lastSeen: PresenceVisibility['lastSeen']
  except: string[]
  blocked: string[]
  version: number
}

/** Tells every process, this one too. */
export interface VisibilityAnnouncer {
  /** Resolves when all that answer have followed: nobody who may not see hears of the user from then on. */
  announce(change: VisibilityChange): Promise<void>
}

export function toWireRules({ lastSeen, except, blocked, version }: VisibilityRules): WireRules {
  return { lastSeen, except: [...except], blocked: [...blocked], version }
}

export function fromWireRules({ lastSeen, except, blocked, version }: WireRules): VisibilityRules {
  return { lastSeen, except: new Set(except), blocked: new Set(blocked), version }
}
