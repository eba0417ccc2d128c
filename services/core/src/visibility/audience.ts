/** A set of users: those named, or everyone but those named. */
export interface Audience {
  readonly everyone: boolean
  readonly users: ReadonlySet<string>
}

export function everyoneBut(users: ReadonlySet<string>): Audience {
  return { everyone: true, users }
}

export function only(users: ReadonlySet<string>): Audience {
  return { everyone: false, users }
}

/** Who is in `a` and not in `b`. */
export function minus(a: Audience, b: Audience): Audience {
  if (a.everyone) {
    return b.everyone ? only(b.users.difference(a.users)) : everyoneBut(a.users.union(b.users))
  }
  return only(b.everyone ? a.users.intersection(b.users) : a.users.difference(b.users))
}

export function isNobody({ everyone, users }: Audience): boolean {
  return !everyone && users.size === 0
}
