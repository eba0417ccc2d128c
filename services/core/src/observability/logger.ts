import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** JSON lines on stdout. Secrets that could ride along in objects are cut out. */
export function createLogger(options: { level: string; role: string; nodeId: string }): Logger {
  return pino({
    level: options.level,
    base: { role: options.role, node: options.nodeId },
    redact: {
      paths: ['token', '*.token', 'password', '*.password', 'headers.authorization'],
      censor: '[cut]',
    },
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}
