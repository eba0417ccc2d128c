import type { Readable } from 'node:stream'

const LONGEST_LINE = 64 * 1024

/** Calls back for each line of a stream; what has no end of line is cut at 64 KB. Returns when the stream ends. */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  stream.setEncoding('utf8')
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
    if (rest.length > LONGEST_LINE) {
      onLine(rest)
      rest = ''
    }
  }
  if (rest !== '') onLine(rest)
}
