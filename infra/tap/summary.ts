export interface Summary {
  passed: number
  failed: number
  skipped: number
}

const FIGURES = /^# \{ total: \d+.*\}$/gm

/** The figures with which tap closes its output: `# { total: 5, pass: 3, fail: 1, skip: 1 }`. */
export function summaryIn(tap: string): Summary | undefined {
  const line = tap.match(FIGURES)?.at(-1)
  if (line === undefined) return undefined
  const figure = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0)
  return { passed: figure('pass'), failed: figure('fail'), skipped: figure('skip') + figure('todo') }
}

export function closingLine({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
