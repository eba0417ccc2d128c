/** `node print-docs.ts FILE` writes the configuration page; with `--check` it fails when the file is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { configurationPage } from './docs.ts'

const [file, flag] = process.argv.slice(2)
if (!file) throw new Error('which file?')
if (flag !== '--check') writeFileSync(file, configurationPage())
else if (readFileSync(file, 'utf8') !== configurationPage()) {
  console.error(`${file} is out of date: make docs`)
  process.exitCode = 1
}
