import { type SummaryData, summaryText, verdictOf } from './summary.ts'

/** To be exported as `handleSummary`: a table on the screen, and JSON in SUMMARY_DIR when that is given. */
export function handleSummaryOf(scenario: string): (data: SummaryData) => Record<string, string> {
  return (data) => {
    const verdict = verdictOf(scenario, data)
    const text = { stdout: summaryText(verdict, data) }
    const folder = __ENV.SUMMARY_DIR
    if (!folder) return text
    return { ...text, [`${folder}/${scenario}.summary.json`]: `${JSON.stringify(verdict, null, 2)}\n` }
  }
}
