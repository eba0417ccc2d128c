import type { Db } from 'mongodb'
import type { Probe, Recorder } from './record.ts'

/** Of what clients learn of, one in so many is looked up at once. */
const oneIn = 3

/** Is what a client has just learned of in MongoDB already? Asked in the moment, for some of all messages. */
export class Prober {
  readonly #db: Db | undefined
  readonly #recorder: Recorder
  readonly #underWay = new Set<Promise<void>>()
  #count = 0

  constructor(db: Db | undefined, recorder: Recorder) {
    this.#db = db
    this.#recorder = recorder
  }

  learned(messageId: string, because: Probe['because']): void {
    if (!this.#db || this.#count++ % oneIn !== 0) return
    const probe = this.#probe(this.#db, messageId, because).finally(() => this.#underWay.delete(probe))
    this.#underWay.add(probe)
  }

  async finish(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  async #probe(db: Db, messageId: string, because: Probe['because']): Promise<void> {
    const found = await db
      .collection<{ _id: string }>('messages')
      .findOne({ _id: messageId }, { projection: { _id: 1 } })
    this.#recorder.add<Probe>({ kind: 'probe', messageId, because, isStored: found !== null })
  }
}
