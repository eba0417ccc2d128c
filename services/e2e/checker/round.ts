import { directConversationId } from '@earshot/protocol'
import { Device } from './device.ts'
import { bringToRest, type Ended, type Patience, patient } from './epilogue.ts'
import { FaultRunner } from './fault-runner.ts'
import { Performer } from './performer.ts'
import { Person } from './person.ts'
import type { Plan, Step } from './plan.ts'
import { Prober } from './prober.ts'
import { Recorder } from './record.ts'
import type { Target } from './target.ts'
import { truthOfMongo, truthOfReaders } from './truth.ts'
import { type Evidence, gather } from './verify/evidence.ts'
import { verify } from './verify/index.ts'
import type { Violation } from './verify/violation.ts'

export interface RoundResult {
  evidence: Evidence
  violations: Violation[]
}

/** One round: the plan is done on the target, then judged from the record. */
export async function runRound(
  target: Target,
  plan: Plan,
  tag: string,
  patience: Patience = patient,
): Promise<RoundResult> {
  const round = new Round(target, plan, tag, patience)
  try {
    const evidence = await round.run()
    return { evidence, violations: verify(evidence) }
  } finally {
    round.close()
  }
}

class Round {
  readonly #target: Target
  readonly #plan: Plan
  readonly #tag: string
  readonly #patience: Patience
  readonly #recorder = new Recorder()
  readonly #prober: Prober
  readonly #devices: Device[] = []

  constructor(target: Target, plan: Plan, tag: string, patience: Patience) {
    this.#patience = patience
    this.#target = target
    this.#plan = plan
    this.#tag = tag
    this.#prober = new Prober(target.db, this.#recorder)
  }

  async run(): Promise<Evidence> {
    const people = await this.#gatherPeople()
    const conversations = await this.#makePlaces(people)
    const performer = new Performer(this.#plan, people, conversations)
    await this.#perform(performer)
    const ended = await bringToRest({
      plan: this.#plan,
      people,
      performer,
      recorder: this.#recorder,
      patience: this.#patience,
      newDevice: (person, name) => this.#newDevice(person.identity, `${person.identity.userId}/${name}`),
    })
    await this.#prober.finish()
    return this.#evidence(people, conversations, ended)
  }

  close(): void {
    for (const device of this.#devices) device.drop(false)
  }

  async #gatherPeople(): Promise<Person[]> {
    return Promise.all(
      Array.from({ length: this.#plan.users }, async (_, i) => {
        const identity = await this.#target.identify(`${this.#tag}u${i}`)
        const devices = Array.from({ length: this.#plan.devices }, (_, d) =>
          this.#newDevice(identity, `${identity.userId}/${d}`),
        )
        for (const [d, device] of devices.entries()) await device.connect(i + d)
        return new Person(i, identity, devices)
      }),
    )
  }

  #newDevice(identity: Person['identity'], name: string): Device {
    const device = new Device({
      identity,
      name,
      target: this.#target,
      recorder: this.#recorder,
      learned: (messageId, because) => this.#prober.learned(messageId, because),
    })
    this.#devices.push(device)
    return device
  }

  async #makePlaces(people: Person[]): Promise<string[]> {
    const id = (user: number) => people[user]?.identity.userId ?? ''
    return Promise.all(
      this.#plan.places.map(async (place, i) => {
        if (place.kind === 'direct') return directConversationId(id(place.users[0]), id(place.users[1]))
        const json = { name: `Group ${i}`, members: place.members.map(id) }
        const { answer } = (await people[place.owner]?.device(0).http('POST /group', '/group', json)) ?? {}
        if (!answer?.ok) throw new Error(`no group was made: ${JSON.stringify(answer)}`)
        return String(answer._id)
      }),
    )
  }

  /** Each user does their steps one after the other; the users all at once. */
  async #perform(performer: Performer): Promise<void> {
    const faults =
      this.#target.faults &&
      new FaultRunner({
        faults: this.#target.faults,
        recorder: this.#recorder,
        conversation: (place) => performer.conversation(place),
        planned: this.#plan.faults,
      })
    let done = 0
    const lane = async (steps: Step[]) => {
      for (const step of steps) {
        await performer.perform(step)
        faults?.stepsDone(++done)
      }
    }
    const lanes = Map.groupBy(this.#plan.steps, ({ user }) => user)
    this.#recorder.mark('begin')
    await Promise.all([...lanes.values()].map(lane))
    await faults?.finish()
    this.#recorder.mark('all steps are done')
  }

  async #evidence(people: Person[], conversations: string[], ended: Ended): Promise<Evidence> {
    const views = new Map(ended.fresh.flatMap((device) => [...device.views]))
    const truth = this.#target.db
      ? await truthOfMongo(this.#target.db, conversations)
      : truthOfReaders(conversations, views)
    return gather({
      plan: this.#plan,
      conversations,
      users: people.map(({ identity }) => identity.userId),
      entries: this.#recorder.entries,
      truth,
      devices: [...ended.old, ...ended.fresh].map(({ name, identity, views }) => ({
        name,
        user: identity.userId,
        isFresh: ended.fresh.some((device) => device.name === name),
        views,
      })),
    })
  }
}
