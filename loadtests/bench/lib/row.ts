import type { Toolbox } from '../../../infra/tools/toolbox.ts'

/** A question and the measurement that answers it. */
export interface Row {
  /** What it is asked for by: `ROW=<name>`; its file is `rows/<name>.ts`. */
  name: string
  /** The question, in one sentence. */
  asks: string
  run(box: Toolbox): Promise<Table | Table[]>
}

/** What a row found. Every figure that is judged is a ratio to something measured in the same run. */
export interface Table {
  heading: string[]
  lines: string[][]
  /** What one must know to read it. */
  notes: string[]
}
