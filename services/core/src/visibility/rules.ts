import type { PresenceVisibility } from '@earshot/protocol'

/** To whom a user shows when they are online, were last seen, type or record. */
export interface VisibilityRules {
  readonly lastSeen: PresenceVisibility['lastSeen']
  /** Those for whom it is the other way round. */
  readonly except: ReadonlySet<string>
  /** Whom the user has blocked: they see nothing, whatever the rest says. */
  readonly blocked: ReadonlySet<string>
  /** When the rules were last changed, ms since 1970 by Redis' clock; 0: never. */
  readonly version: number
}

/** What most users have. One object for all of them. */
export const openRules: VisibilityRules = Object.freeze({
  lastSeen: 'everyone',
  except: new Set<string>(),
  blocked: new Set<string>(),
  version: 0,
})

/** Whether the user shows themselves to everyone, and so sees everyone who does the same. */
export function isOpen({ lastSeen, except, blocked }: VisibilityRules): boolean {
  return lastSeen === 'everyone' && except.size === 0 && blocked.size === 0
}

/** Whether only those see the user who can be named one by one. */
export function isGuarded({ lastSeen }: VisibilityRules): boolean {
  return lastSeen !== 'everyone'
}

/** Those who see nothing though everyone else does. Only for rules that are not guarded. */
export function hiddenFrom({ except, blocked }: VisibilityRules): Set<string> {
  return except.union(blocked)
}

/** Whether a user with these rules shows themselves to another; `if-contact`: that decides. */
export function shows(rules: VisibilityRules, otherId: string): boolean | 'if-contact' {
  if (rules.blocked.has(otherId)) return false
  const isExcepted = rules.except.has(otherId)
  if (rules.lastSeen === 'everyone') return !isExcepted
  if (rules.lastSeen === 'nobody') return isExcepted
  return isExcepted ? false : 'if-contact'
}
