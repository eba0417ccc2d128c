import type { Cost } from './meter.ts'
import type { Table } from './row.ts'

/** What each operation cost in each case, by names. The first case is what the others are compared with. */
export type CostsByCase = ReadonlyMap<string, ReadonlyMap<string, Cost>>

/** A line an operation, a column a case: milliseconds of CPU time of all servers, and the ratio to the first case. Pure. */
export function ratioTable(corner: string, cases: CostsByCase): Pick<Table, 'heading' | 'lines'> {
  const [base] = cases.values()
  const lines = [...(base ?? [])].map(([operation, { cpuUs: baseUs }]) => [
    operation,
    ...[...cases.values()].map((costs) => {
      const cpuUs = costs.get(operation)?.cpuUs ?? Number.NaN
      return `${(cpuUs / 1_000).toFixed(1)} (${(cpuUs / baseUs).toFixed(2)})`
    }),
  ])
  return { heading: [corner, ...cases.keys()], lines }
}
