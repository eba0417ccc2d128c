import type { Toolbox } from '../../../infra/tools/toolbox.ts'
import type { Goal } from './goal.ts'
import type { Talkers } from './talkers.ts'

export interface Box extends Toolbox {
  talkers: Talkers
}

/** A question and the measurement that answers it. */
export interface Row {
  /** What it is asked for by: `ROW=<name>`; its file is `rows/<name>.ts`. */
  name: string
  /** The question, in one sentence. */
  asks: string
  /** Something of it is to reach something: it belongs to `make bench` without a choice. */
  isJudged?: true
  /** It asks `box.talkers`, who stay for the next row that does. */
  hasTalkers?: true
  run(box: Box): Promise<Table | Table[]>
}

/** What a row found. Every figure that is judged is a ratio to something measured in the same run. */
export interface Table {
  heading: string[]
  lines: string[][]
  /** What one must know to read it. */
  notes: string[]
  /** What of it is to reach something. */
  goals?: Goal[]
}
