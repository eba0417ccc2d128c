/** Writes the generated pages into docs/; with `--check` fails where one is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { errorsPage } from '@earshot/protocol/errors-page'
import { configurationPage } from '../src/config/docs.ts'

const pages = { 'docs/configuration.md': configurationPage(), 'docs/errors.md': errorsPage() }
for (const [file, page] of Object.entries(pages)) {
  if (!process.argv.includes('--check')) writeFileSync(file, page)
  else if (readFileSync(file, 'utf8') !== page) {
    console.error(`${file} is out of date: make docs`)
    process.exitCode = 1
  }
}
