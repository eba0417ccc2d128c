import type { Group } from '@earshot/protocol'
import { Person } from './person.ts'
import type { Servers } from './servers.ts'

/** Settings of a cluster in which a few people write more than people do, and nobody else is told that they are there. */
export const withoutLimits = {
  LIMIT_SENDS_PER_SECOND: '100000',
  LIMIT_SENDS_BURST: '100000',
  LIMIT_GROUP_MAX_MEMBERS: '100000',
  PRESENCE_BROADCAST: 'false',
}

/** Requests under way at once while users are made. */
const atOnce = 16

/** Makes users exist, the way users come to exist: by a valid token. */
export async function makePeople(servers: Servers, userIds: readonly string[]): Promise<void> {
  const waiting = userIds.values()
  const worker = async (node: number) => {
    for (const userId of waiting) await new Person(servers, userId).http('GET', '/user/me', { node })
  }
  await Promise.all(Array.from({ length: atOnce }, (_, i) => worker(i % servers.nodes)))
}

/** Ids of the first members of a group and, up to its size, of people who are never online. */
export function membersOf(size: number, online: readonly string[]): string[] {
  const absent = Array.from({ length: Math.max(0, size - online.length) }, (_, i) => absentee(i))
  return [...online, ...absent]
}

export function absentee(i: number): string {
  return `absent-${i}`
}

/** A group of the owner with these members. */
export async function makeGroup(owner: Person, name: string, memberIds: readonly string[]): Promise<string> {
  const members = memberIds.filter((userId) => userId !== owner.userId)
  const { _id } = await owner.http<Group>('POST', '/group', { json: { name, members } })
  return _id
}
