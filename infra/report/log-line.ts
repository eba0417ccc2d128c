import { blue, cyan, dim, green, magenta, red, yellow } from './style.ts'

type Fields = Record<string, unknown>

const LEVELS: Record<string, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
const SAID_OTHERWISE = new Set([
  'level',
  'time',
  'msg',
  'pid',
  'hostname',
  'name',
  'nodeId',
  'role',
  'v',
  'stack',
])
const MOST_FIELDS = 6
const LONGEST_VALUE = 80
const ROLE_COLOURS = [cyan, magenta, blue, green]

/**
 * A line of a log as a person reads it: pino's JSON becomes time, role, level, message and a few fields. Any other line
 * stays as it is, behind the time at which it came if that is known.
 */
export function formatLogLine(role: string, line: string, cameAtMs?: number): string {
  const fields = parse(line)
  const label = colourOf(role)(role.padEnd(10))
  if (fields === undefined)
    return `${dim(cameAtMs === undefined ? ' '.repeat(8) : clock(cameAtMs))} ${label} ${line}`
  const level = LEVELS[String(fields.level)] ?? String(fields.level ?? 'info')
  const message = String(fields.msg ?? '')
  return [dim(clock(fields.time)), label, colourLevel(level), message, dim(describe(fields))]
    .join(' ')
    .trimEnd()
}

function parse(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    // It only looked like JSON; it is shown as it is.
    return undefined
  }
}

function clock(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN)
  return Number.isNaN(date.getTime()) ? ' '.repeat(8) : date.toTimeString().slice(0, 8)
}

function describe(fields: Fields): string {
  return Object.entries(fields)
    .filter(([name, value]) => !SAID_OTHERWISE.has(name) && value !== undefined && value !== null)
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => `${name}=${short(name, value)}`)
    .join(' ')
}

function short(name: string, value: unknown): string {
  const text = typeof value === 'object' && value !== null ? shortObject(name, value) : String(value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text
}

function shortObject(name: string, value: object): string {
  const { message, method, url, statusCode } = value as Fields
  if (name === 'req' && method) return `${method} ${url}`
  if (name === 'res' && statusCode) return String(statusCode)
  if (name === 'err' && message) return JSON.stringify(message)
  return JSON.stringify(value)
}

function colourOf(role: string): (text: string) => string {
  const sum = [...role].reduce((total, character) => total + character.charCodeAt(0), 0)
  return ROLE_COLOURS[sum % ROLE_COLOURS.length] ?? cyan
}

function colourLevel(level: string): string {
  const padded = level.padEnd(5)
  if (level === 'error' || level === 'fatal') return red(padded)
  return level === 'warn' ? yellow(padded) : padded
}
