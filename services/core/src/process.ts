import { ConfigError, type LoadedConfig, loadConfig } from './config/load.ts'
import { createLogger, type Logger } from './observability/logger.ts'

/** Longest time that a leaving process takes; then it ends as it is. */
const closeDeadlineMs = 10_000

/** Runs a service as a process: reads the environment, starts it, and lets it leave quietly on SIGTERM or SIGINT. */
export async function runProcess(
  role: string,
  start: (config: LoadedConfig, log: Logger) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  let config: LoadedConfig
  try {
    config = loadConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${role}: ${error.message}\n`)
    process.exit(2)
  }
  const log = createLogger({ level: config.LOG_LEVEL, role, nodeId: config.NODE_ID })
  process.on('uncaughtException', (err) => {
    log.fatal({ err }, 'uncaught')
    process.exit(1)
  })
  try {
    const service = await start(config, log)
    const leave = (signal: string) => {
      log.info({ signal }, 'leaving')
      setTimeout(() => process.exit(1), closeDeadlineMs).unref()
      service.close().then(
        () => process.exit(0),
        (err: unknown) => {
          log.error({ err }, 'could not leave quietly')
          process.exit(1)
        },
      )
    }
    process.once('SIGTERM', leave)
    process.once('SIGINT', leave)
  } catch (err) {
    log.fatal({ err }, `the ${role} could not start`)
    process.exit(1)
  }
}
