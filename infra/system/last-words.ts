import { stripVTControlCharacters } from 'node:util'
import type { Exit } from './child.ts'

const LONGEST = 300
const ERROR = /error|fail|fatal|invalid|must|cannot|could not|unable|not found|refused/i
// Stack frames, brackets, headings without content; npm only repeats that the command failed.
const NO_WORDS = /^\s+at |^Node\.js v|^npm (error|ERR)|^\s*$|^\s*[{}^]|:\s*$|\[Getter/

/** Why a process ended, as far as its exit and its last lines tell: " (SIGKILL)", " (exit code 1: PORT is missing)". */
export function whyItEnded({ code, signal }: Exit, tail: readonly string[]): string {
  if (signal) return ` (${signal})`
  const lines = telling(tail)
  const words = lines.findLast((line) => ERROR.test(line)) ?? lines.at(-1)
  return ` (exit code ${code}${words ? `: ${words}` : ''})`
}

/** The line with which a build or an installation says what is wrong: it is the first of many that follow from it. */
export function whyItFailed(output: readonly string[]): string | undefined {
  const lines = telling(output)
  return lines.find((line) => ERROR.test(line)) ?? lines.at(-1)
}

function telling(lines: readonly string[]): string[] {
  return lines
    .map((line) => message(stripVTControlCharacters(line)))
    .filter((line) => !NO_WORDS.test(line))
    .map((line) => line.trim().slice(0, LONGEST))
}

/** What a line of pino's says; any other line as it is. */
function message(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { msg, err } = JSON.parse(line)
    return [msg, err?.message].filter((part) => typeof part === 'string' && part !== '').join(': ') || line
  } catch {
    // It only looked like JSON.
    return line
  }
}
