/** `npm run media -- move --from gridfs --to s3 | move-inline` */
import { ConfigError, loadStoresConfig } from '@earshot/core/config/load'
import { runMediaCli } from './media-cli.ts'

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
const terminal = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
}
try {
  const config = loadStoresConfig(process.env)
  process.exitCode = await runMediaCli(process.argv.slice(2), config, terminal, stopping.signal)
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  terminal.err(`${error.message}\n`)
  process.exitCode = 2
}
