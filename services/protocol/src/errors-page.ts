import { errorTable } from './errors.ts'

const advice = {
  never: 'Do not send it again as it is.',
  later: 'Send the same again after `retryAfterMs`, with the same `clientMessageId`.',
  reauthenticate: 'Get a new token first.',
} as const

/** The page docs/errors.md, made from the table. */
export function errorsPage(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { httpStatus, meaning, retry }]) =>
      `| \`${code}\` | ${httpStatus} | ${meaning} | ${advice[retry]} |`,
  )
  return `# Errors

A failed ack is \`{ ok: false, error }\`, a failed HTTP request answers \`{ error }\`, an event sent without an ack callback gets
\`error_message { event, error }\`. \`error\` is \`{ code, message, retryAfterMs?, field? }\`: \`message\` is for people, \`code\` for
programs, \`field\` the path of what is wrong. Made by \`make docs\` from \`services/protocol/src/errors.ts\`; do not edit.

| code | HTTP | means | what a client does |
|---|---|---|---|
${rows.join('\n')}
`
}
