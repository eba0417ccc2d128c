import { appendFileSync, chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../system/failure.ts'

/** Lines of FerretDB's own source that are built otherwise, each found exactly once. */
const edits: readonly { file: string; find: string; replace: string }[] = [
  {
    file: 'internal/handler/msg_update.go',
    find: '\t\tvar qp backends.QueryParams\n',
    replace:
      '\t\tunlock := lockDocuments(params.DB, params.Collection, u.Filter)\n\t\tdefer unlock()\n\n\t\tvar qp backends.QueryParams\n',
  },
  {
    // Else the connection of each update is held until the last of a bulk write: too small a pool locks up.
    file: 'internal/handler/msg_update.go',
    find: '\t\tmatched += result.Matched.Count\n',
    replace: '\t\tcloser.Close()\n\t\tunlock()\n\n\t\tmatched += result.Matched.Count\n',
  },
  {
    file: 'internal/handler/msg_findandmodify.go',
    find: '\tvar qp backends.QueryParams\n',
    replace:
      '\tdefer lockDocuments(params.DB, params.Collection, params.Query)()\n\n\tvar qp backends.QueryParams\n',
  },
  {
    file: 'internal/handler/msg_delete.go',
    find: '\t\td, err = h.execDelete(connCtx, c, &p)\n',
    replace:
      '\t\tunlock := lockDocuments(params.DB, params.Collection, p.Filter)\n\t\td, err = h.execDelete(connCtx, c, &p)\n\t\tunlock()\n',
  },
  {
    // `@>` finds what is in arrays too, and no index serves it: each look-up by `_id` would read the whole collection. An
    // `_id` is never an array.
    file: 'internal/backends/postgresql/query.go',
    find: "\t\t// don't change the default eq query\n\t\tfilter = fmt.Sprintf(sql, metadata.DefaultColumn, operator, p.Next(), p.Next())\n\t\targs = append(args, k, string(must.NotFail(sjson.MarshalSingleValue(v))))\n",
    replace:
      '\t\tif k == "_id" {\n\t\t\tfilter = fmt.Sprintf(`%s->\'_id\' = %s`, metadata.DefaultColumn, p.Next())\n\t\t\targs = append(args, string(must.NotFail(sjson.MarshalSingleValue(v))))\n\t\t\tbreak\n\t\t}\n\n\t\tfilter = fmt.Sprintf(sql, metadata.DefaultColumn, operator, p.Next(), p.Next())\n\t\targs = append(args, k, string(must.NotFail(sjson.MarshalSingleValue(v))))\n',
  },
  {
    file: 'internal/backends/postgresql/query.go',
    find: '\t\t\t\tcase "$eq":\n',
    replace:
      '\t\t\t\tcase "$in":\n\t\t\t\t\tif f, a := filterIDs(p, rootKey, v); f != "" {\n\t\t\t\t\t\tfilters = append(filters, f)\n\t\t\t\t\t\targs = append(args, a...)\n\t\t\t\t\t}\n\n\t\t\t\tcase "$eq":\n',
  },
]

/** Files of ours beside them. */
export const additions = {
  'document_locks.go': 'internal/handler',
  'id_filter.go': 'internal/backends/postgresql',
}

/**
 * Makes a copy of FerretDB's source whose updates of a document are atomic, as MongoDB's are
 * (../ferretdb/added/document_locks.go says why), and which finds documents by `_id` through an index; and a copy of our
 * program that is built with it. Nothing of FerretDB is kept in this repository.
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
