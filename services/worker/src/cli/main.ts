/** `npm run jobs -- list | show ID | retry ID | retry --all | drop ID` */
import { ConfigError, loadStoresConfig } from '@earshot/core/config/load'
import { runJobsCli } from './jobs-cli.ts'

const terminal = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
}
try {
  process.exitCode = await runJobsCli(process.argv.slice(2), loadStoresConfig(process.env), terminal)
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  terminal.err(`${error.message}\n`)
  process.exitCode = 2
}
