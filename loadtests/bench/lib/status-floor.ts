import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import { gather, names, withContestants } from './contest.ts'
import type { Floor } from './goal.ts'
import { say } from './say.ts'

/** µs of CPU time for so many frames to some of so many people, by a relay that knows nothing of anybody. */
export async function statusFloor(box: Toolbox, people: number, frames: number): Promise<Floor> {
  return withContestants(box, ['relay'], {}, async ([relay]) => {
    if (!relay) throw new Error('nobody relays')
    await gather(box, [relay], () => ({ userIds: names('person', people) }))
    // Each is heard by all: so many make enough frames to be measured.
    const messages = 60
    const order = { kind: 'group', groupId: 'everybody', messages, unfinished: 4 } as const
    await say(relay, order, messages * people)
    const { cost } = await say(relay, order, messages * people)
    return { of: 'relay', value: (cost.cpuUs / people) * frames }
  })
}
