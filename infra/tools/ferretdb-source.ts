import { appendFileSync, chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../system/failure.ts'
import { additions, edits } from './ferretdb-edits.ts'

/**
 * Makes a copy of FerretDB's source whose updates of a document are atomic, as MongoDB's are
 * (../ferretdb/added/document_locks.go says why), and which finds documents and pages of conversations through an index; and a
 * copy of our program that is built with it. Nothing of FerretDB is kept in this repository.
 * @param module where Go keeps FerretDB's source
 * @param program the folder of our program
 * @param folder for the copies
 * @returns the program's copy, to build in
 */
export function prepareSource(module: string, program: string, folder: string): string {
  const changed = join(folder, 'FerretDB')
  cpSync(module, changed, { recursive: true })
  makeWritable(changed)
  for (const edit of edits) {
    const path = join(changed, edit.file)
    writeFileSync(path, replaceOnce(readFileSync(path, 'utf8'), edit))
  }
  for (const [file, place] of Object.entries(additions)) {
    cpSync(join(program, 'added', file), join(changed, place, file))
  }
  const copy = join(folder, 'program')
  for (const file of ['main.go', 'go.mod', 'go.sum']) cpSync(join(program, file), join(copy, file))
  appendFileSync(join(copy, 'go.mod'), '\nreplace github.com/FerretDB/FerretDB => ../FerretDB\n')
  return copy
}

/** Go keeps its modules read-only. */
function makeWritable(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) chmodSync(join(entry.parentPath, entry.name), 0o755)
  }
  for (const { file } of edits) chmodSync(join(folder, file), 0o644)
}

function replaceOnce(source: string, { file, find, replace }: (typeof edits)[number]): string {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Failure(`FerretDB's ${file} is not the one that was expected`)
  return parts.join(replace)
}
