import type { PlannedFault } from './plan.ts'
import type { Recorder } from './record.ts'
import type { Faults } from './target.ts'

/** Does the planned faults when their step has come. */
export class FaultRunner {
  readonly #faults: Faults
  readonly #recorder: Recorder
  readonly #conversation: (place: number) => string
  readonly #planned: PlannedFault[]
  readonly #underWay: Promise<void>[] = []
  #mendAfter: number | undefined
  #isReplacing = false

  constructor(deps: {
    faults: Faults
    recorder: Recorder
    conversation: (place: number) => string
    planned: PlannedFault[]
  }) {
    this.#faults = deps.faults
    this.#recorder = deps.recorder
    this.#conversation = deps.conversation
    this.#planned = [...deps.planned].sort((a, b) => a.afterSteps - b.afterSteps)
  }

  /** To be called after each step. Does not wait for what it starts. */
  stepsDone(count: number): void {
    if (this.#mendAfter !== undefined && count >= this.#mendAfter) this.#mend()
    while (this.#planned[0] && this.#planned[0].afterSteps <= count) {
      const fault = this.#planned.shift()
      if (fault) this.#do(fault, count)
    }
  }

  /** Everything is whole again. */
  async finish(): Promise<void> {
    if (this.#mendAfter !== undefined) this.#mend()
    await Promise.all(this.#underWay)
  }

  #do(fault: PlannedFault, count: number): void {
    if (fault.kind === 'forget') {
      const conversationId = this.#conversation(fault.place)
      this.#start('Redis forgets', () => this.#faults.forget(conversationId))
    } else if (fault.kind === 'cut') {
      this.#recorder.mark('Redis is cut off', this.#faults.cut())
      this.#mendAfter = count + fault.lasts
    } else if (!this.#isReplacing) {
      this.#isReplacing = true
      this.#recorder.mark('a gateway is killed')
      this.#start('another gateway is up', async () => {
        const detail = await this.#faults.kill()
        this.#isReplacing = false
        return detail
      })
    }
  }

  #mend(): void {
    this.#mendAfter = undefined
    this.#faults.mend()
    this.#recorder.mark('Redis is back')
  }

  #start(name: string, make: () => Promise<string>): void {
    this.#underWay.push(make().then((detail) => void this.#recorder.mark(name, detail)))
  }
}
