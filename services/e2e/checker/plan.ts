import { Random } from './random.ts'

/** What the server can do; the rest is left out of a plan. */
export type Capability = 'edit' | 'delete' | 'react'

/** A conversation of the plan: between two users (perhaps one with themselves), or a group. */
export type Place =
  | { kind: 'direct'; users: [number, number] }
  | { kind: 'group'; owner: number; members: number[] }

/**
 * What a user does. Things that only exist at run time (an earlier message) are named by a fraction, `pick`, of those
 * that there are by then.
 */
export type Action =
  | {
      kind: 'send'
      place: number
      keyed: boolean
      burst: number
      how: 'once' | 'twice' | 'dropped'
      voice: boolean
    }
  /** An earlier key once more, on this device or on all at once. */
  | { kind: 'retry'; pick: number; everywhere: boolean }
  /** An earlier key with other words. */
  | { kind: 'conflict'; pick: number }
  | { kind: 'reconnect'; node: number; abrupt: boolean }
  | { kind: 'sync' }
  | { kind: 'history'; place: number; way: 'newest' | 'before' | 'after'; pick: number; limit: number }
  | { kind: 'member'; place: number; user: number; change: 'add' | 'remove' }
  | { kind: 'leave'; place: number }
  /** Something that is none of theirs. */
  | { kind: 'trespass'; place: number; by: 'sync' | 'history' | 'send' }
  | { kind: 'edit' | 'delete'; pick: number; foreign: boolean }
  | { kind: 'react'; pick: number; emoji: string; remove: boolean }

export interface Step {
  user: number
  device: number
  action: Action
}

/** Something that is done to the servers once this many steps are done. */
export interface PlannedFault {
  afterSteps: number
  kind: 'kill' | 'cut' | 'forget'
  /** Which place's keys are forgotten. */
  place: number
  /** Steps that a cut lasts. */
  lasts: number
}

export interface Plan {
  seed: number
  users: number
  devices: number
  nodes: number
  places: Place[]
  steps: Step[]
  faults: PlannedFault[]
}

export interface PlanOptions {
  seed: number
  users: number
  nodes: number
  steps: number
  faults: boolean
  capabilities: ReadonlySet<Capability>
}

const emojis = ['👍', '❤️', '😂']

/** The whole plan follows from its options, the seed above all. What the world makes of it varies all the same. */
export function makePlan({ seed, users, nodes, steps, faults, capabilities }: PlanOptions): Plan {
  const random = new Random(seed)
  const places = makePlaces(random, users)
  const plan: Plan = { seed, users, devices: 2, nodes, places, steps: [], faults: [] }
  const members = new Map(places.map((place, i) => [i, membersAtStart(place)]))
  for (let i = 0; i < steps; i++) {
    const user = random.int(users)
    const action = makeAction(random, { ...plan, members }, user, capabilities)
    if (action.kind === 'member') setMember(members, action.place, action.user, action.change === 'add')
    if (action.kind === 'leave') setMember(members, action.place, user, false)
    plan.steps.push({ user, device: random.int(plan.devices), action })
  }
  if (faults) plan.faults = makeFaults(random, plan)
  return plan
}

/** The places of which a user is a member from the start. */
export function placesOf(plan: Pick<Plan, 'places'>, user: number): number[] {
  return plan.places.flatMap((place, i) => (isOf(place, user) ? [i] : []))
}

function isOf(place: Place, user: number): boolean {
  return place.kind === 'direct'
    ? place.users.includes(user)
    : place.owner === user || place.members.includes(user)
}

function membersAtStart(place: Place): Set<number> {
  return new Set(place.kind === 'direct' ? place.users : [place.owner, ...place.members])
}

/** Who is in, if all goes as planned: so that most changes of it change something. */
type Planned = Plan & { members: Map<number, Set<number>> }

function setMember(members: Planned['members'], place: number, user: number, isMember: boolean): void {
  if (isMember) members.get(place)?.add(user)
  else members.get(place)?.delete(user)
}

/** Each user has somebody to write to; a busy pair, a few others, three groups. */
function makePlaces(random: Random, users: number): Place[] {
  const everybody = Array.from({ length: users }, (_, i) => i)
  const pairs = new Map<string, [number, number]>()
  for (const user of everybody) {
    const [a, b] = [user, (user + 1) % users].sort((x, y) => x - y) as [number, number]
    pairs.set(`${a}:${b}`, [a, b])
  }
  const self = random.int(users)
  pairs.set(`${self}:${self}`, [self, self])
  const groups = Array.from({ length: 3 }, (): Place => {
    const [owner = 0, ...members] = random.sample(everybody, Math.max(2, Math.ceil(users / 2)))
    return { kind: 'group', owner, members }
  })
  return [...[...pairs.values()].map((pair): Place => ({ kind: 'direct', users: pair })), ...groups]
}

function makeAction(
  random: Random,
  plan: Planned,
  user: number,
  capabilities: ReadonlySet<Capability>,
): Action {
  const mine = placesOf(plan, user)
  const pick = random.next()
  const kind = random.weighted({
    send: 50,
    retry: 9,
    conflict: 3,
    reconnect: 8,
    sync: 4,
    history: 5,
    member: 12,
    leave: 1,
    trespass: 3,
    edit: capabilities.has('edit') ? 8 : 0,
    delete: capabilities.has('delete') ? 4 : 0,
    react: capabilities.has('react') ? 8 : 0,
  })
  switch (kind) {
    case 'send': {
      const how = random.weighted({ once: 80, twice: 12, dropped: 8 })
      // A lost answer can only be asked for again with a key.
      const keyed = how !== 'once' || random.chance(0.6)
      const burst = how === 'once' && random.chance(0.2) ? 2 + random.int(7) : 1
      return { kind, place: random.pick(mine), keyed, burst, how, voice: random.chance(0.05) }
    }
    case 'retry':
      return { kind, pick, everywhere: random.chance(0.4) }
    case 'reconnect':
      return { kind, node: random.int(plan.nodes), abrupt: random.chance(0.5) }
    case 'history': {
      const way = random.pick(['newest', 'before', 'after'] as const)
      return { kind, place: random.pick(mine), way, pick, limit: 5 + random.int(40) }
    }
    case 'member':
      return makeMemberAction(random, plan, user)
    case 'leave': {
      const groups = [...plan.members].flatMap(([i, members]) => {
        const place = plan.places[i]
        return place?.kind === 'group' && place.owner !== user && members.has(user) ? [i] : []
      })
      return groups.length > 0 ? { kind, place: random.pick(groups) } : { kind: 'sync' }
    }
    case 'trespass':
      return {
        kind,
        place: random.int(plan.places.length),
        by: random.pick(['sync', 'history', 'send'] as const),
      }
    case 'edit':
    case 'delete':
      return { kind, pick, foreign: random.chance(0.1) }
    case 'react':
      return { kind, pick, emoji: random.pick(emojis), remove: random.chance(0.3) }
    default:
      return { kind, pick } as Action
  }
}

/** Only owners change who is in; who owns nothing asks what is new. */
function makeMemberAction(random: Random, plan: Planned, user: number): Action {
  const owned = plan.places.flatMap((place, i) => (place.kind === 'group' && place.owner === user ? [i] : []))
  if (owned.length === 0) return { kind: 'sync' }
  const place = random.pick(owned)
  const others = Array.from({ length: plan.users }, (_, i) => i).filter((i) => i !== user)
  const change = random.chance(0.55) ? 'remove' : 'add'
  const isIn = (other: number) => plan.members.get(place)?.has(other) ?? false
  const fitting = others.filter((other) => isIn(other) === (change === 'remove'))
  return { kind: 'member', place, user: random.pick(fitting.length > 0 ? fitting : others), change }
}

function makeFaults(random: Random, plan: Plan): PlannedFault[] {
  const every = 100
  const count = Math.max(3, Math.floor(plan.steps.length / every))
  return Array.from({ length: count }, (_, i) => ({
    afterSteps: Math.floor(((i + 0.5 + random.next() * 0.4) * plan.steps.length) / (count + 1)),
    // The first three are one of each, so that even a short run has all.
    kind:
      i < 3
        ? (['forget', 'cut', 'kill'] as const)[i]
        : random.pick(['forget', 'cut', 'kill', 'forget'] as const),
    place: random.int(plan.places.length),
    lasts: 5 + random.int(20),
  })) as PlannedFault[]
}
