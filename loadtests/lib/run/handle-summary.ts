import { settings } from './env.ts'
import { summaryText } from './summary.ts'
import { type ServerThresholds, type SummaryData, verdictOf } from './verdict.ts'

/** To be exported as `handleSummary`: a table on the screen, and JSON in SUMMARY_DIR when that is given. */
export function handleSummaryOf({
  name,
  says,
  servers = {},
}: {
  name: string
  says?: (data: SummaryData) => string[]
  servers?: ServerThresholds
}): (data: SummaryData) => Record<string, string> {
  return (data) => {
    // It was called off before anybody came; k6 says why.
    if (!data.metrics.sockets_opened && !data.metrics.connect_failures?.values.count)
      return { stdout: `\n${name}: did not begin.\n` }
    const verdict = verdictOf({ scenario: name, settings, says: says?.(data) ?? [], servers }, data)
    const text = { stdout: summaryText(verdict, data) }
    const folder = __ENV.SUMMARY_DIR
    if (!folder) return text
    return { ...text, [`${folder}/${name}.summary.json`]: `${JSON.stringify(verdict, null, 2)}\n` }
  }
}
