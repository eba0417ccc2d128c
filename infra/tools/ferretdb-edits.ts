const pageOfParams =
  '\tif !h.DisablePushdown && params.Skip == 0 {\n\t\tqp.Page = backends.Page{Filter: params.Filter, Sort: params.Sort, Limit: params.Limit}\n\t}\n\n'
const pageOfQuery =
  '\tpage, pageArgs := pageClause(&placeholder, params.Page)\n\n\tq += page\n\targs = append(args, pageArgs...)\n\n'

/** Lines of FerretDB's own source that are built otherwise, each found exactly once. */
export const edits: readonly { file: string; find: string; replace: string }[] = [
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
    file: 'internal/handler/msg_update.go',
    find: '\tfor _, u := range params.Updates {\n\t\tc, err := db.Collection(params.Collection)\n',
    replace:
      '\ttogether, err := db.Collection(params.Collection)\n\tif err != nil {\n\t\treturn 0, 0, nil, lazyerrors.Error(err)\n\t}\n\n\trest, err := h.updateTogether(ctx, together, params, &matched, &modified)\n\tif err != nil {\n\t\treturn 0, 0, nil, lazyerrors.Error(err)\n\t}\n\n\tfor _, u := range rest {\n\t\tc, err := db.Collection(params.Collection)\n',
  },
  {
    file: 'internal/backends/postgresql/backend.go',
    find: 'func NewBackend(params *NewBackendParams) (backends.Backend, error) {\n',
    replace:
      'func NewBackend(params *NewBackendParams) (backends.Backend, error) {\n\tbackends.FindsManyByID = true\n\n',
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
    // `@>` finds what is in arrays too, and no index serves it: each look-up would read the whole collection.
    file: 'internal/backends/postgresql/query.go',
    find: "\t\t// don't change the default eq query\n\t\tfilter = fmt.Sprintf(sql, metadata.DefaultColumn, operator, p.Next(), p.Next())\n\t\targs = append(args, k, string(must.NotFail(sjson.MarshalSingleValue(v))))\n",
    replace:
      '\t\tif filter, args = filterScalar(p, k, v); filter != "" {\n\t\t\tbreak\n\t\t}\n\n\t\tfilter = fmt.Sprintf(sql, metadata.DefaultColumn, operator, p.Next(), p.Next())\n\t\targs = append(args, k, string(must.NotFail(sjson.MarshalSingleValue(v))))\n',
  },
  {
    file: 'internal/backends/postgresql/query.go',
    find: '\t\t\t\tcase "$eq":\n',
    replace:
      '\t\t\t\tcase "$in":\n\t\t\t\t\tif f, a := filterScalars(p, rootKey, v); f != "" {\n\t\t\t\t\t\tfilters = append(filters, f)\n\t\t\t\t\t\targs = append(args, a...)\n\t\t\t\t\t}\n\n\t\t\t\tcase "$eq":\n',
  },
  {
    file: 'internal/backends/postgresql/query.go',
    find: '\t\t\t\t\t// $gt and $lt\n',
    replace:
      '\t\t\t\t\tif f, a := filterRange(p, rootKey, k, v); f != "" {\n\t\t\t\t\t\tfilters = append(filters, f)\n\t\t\t\t\t\targs = append(args, a...)\n\t\t\t\t\t}\n\n',
  },
  {
    file: 'internal/backends/postgresql/collection.go',
    find: 'err = pool.InTransaction(ctx, p, func(tx pgx.Tx) error {\n\t\tbatchSize',
    replace:
      'err = pool.AsOne(ctx, p, len(params.Docs) <= c.r.BatchSize, func(tx pool.Executor) error {\n\t\tbatchSize',
  },
  {
    file: 'internal/backends/postgresql/collection.go',
    find: '\terr = pool.InTransaction(ctx, p, func(tx pgx.Tx) error {\n\t\tfor _, doc := range params.Docs',
    replace:
      '\tif len(params.Docs) > 1 {\n\t\treturn writeTogether(ctx, p, q, params.Docs)\n\t}\n\n\terr = pool.AsOne(ctx, p, true, func(tx pool.Executor) error {\n\t\tfor _, doc := range params.Docs',
  },
  {
    // Statements and what they were given are put into words for a log that takes warnings alone.
    file: 'internal/backends/postgresql/metadata/pool/opendb.go',
    find: 'LogLevel: tracelog.LogLevelTrace',
    replace: 'LogLevel: tracelog.LogLevelWarn',
  },
  // Whoever develops FerretDB looks for iterators left open by noting who opened each: a quarter of what reading documents costs.
  ...[`name := profileName(obj)\n\n\t// fast path`, 'p := pprof.Lookup(profileName(obj))'].map((next) => ({
    file: 'internal/util/resource/resource.go',
    find: `\tcheckArgs(obj, token)\n\n\t${next}`,
    replace: `\tif !debugbuild.Enabled {\n\t\treturn\n\t}\n\n\tcheckArgs(obj, token)\n\n\t${next}`,
  })),
  {
    file: 'internal/handler/sjson/sjson.go',
    find: '\tvar v map[string]json.RawMessage\n',
    replace:
      '\tif doc, ok := unmarshalQuickly(data); ok {\n\t\treturn doc, nil\n\t}\n\n\tvar v map[string]json.RawMessage\n',
  },
  {
    file: 'internal/handler/sjson/sjson.go',
    find: '\tschema, err := marshalSchemaForDoc(d)\n',
    replace:
      '\tif b, ok := marshalQuickly(d); ok {\n\t\treturn b, nil\n\t}\n\n\tschema, err := marshalSchemaForDoc(d)\n',
  },
  // A page of a conversation is ordered and cut by PostgreSQL; else all of the conversation is read for it.
  {
    file: 'internal/backends/collection.go',
    find: '\tLimit  int64\n\n\tOnlyRecordIDs bool\n',
    replace: '\tLimit  int64\n\tPage   Page\n\n\tOnlyRecordIDs bool\n',
  },
  {
    file: 'internal/backends/collection.go',
    find: '\tLimit  int64\n}\n\n// ExplainResult',
    replace: '\tLimit  int64\n\tPage   Page\n}\n\n// ExplainResult',
  },
  {
    file: 'internal/handler/msg_find.go',
    find: '\th.L.DebugContext(ctx, fmt.Sprintf("Converted',
    replace: `${pageOfParams}\th.L.DebugContext(ctx, fmt.Sprintf("Converted`,
  },
  {
    file: 'internal/handler/msg_explain.go',
    find: '\tres, err := coll.Explain(connCtx, qp)\n',
    replace: `${pageOfParams}\tres, err := coll.Explain(connCtx, qp)\n`,
  },
  {
    file: 'internal/backends/postgresql/collection.go',
    find: '\tsort, sortArgs := prepareOrderByClause(params.Sort)\n\n',
    replace: `${pageOfQuery}\tsort, sortArgs := prepareOrderByClause(params.Sort)\n\n`,
  },
  {
    file: 'internal/backends/postgresql/collection.go',
    find: '\tsort, sortArgs := prepareOrderByClause(params.Sort)\n\tres.',
    replace: `${pageOfQuery}\tsort, sortArgs := prepareOrderByClause(params.Sort)\n\tres.`,
  },
]

/** Files of ours beside them. */
export const additions = {
  'document_locks.go': 'internal/handler',
  'update_together.go': 'internal/handler',
  'read_quickly.go': 'internal/handler/sjson',
  'json_members.go': 'internal/handler/sjson',
  'write_quickly.go': 'internal/handler/sjson',
  'scalar_filter.go': 'internal/backends/postgresql',
  'write_together.go': 'internal/backends/postgresql',
  'page_clause.go': 'internal/backends/postgresql',
  'page.go': 'internal/backends',
  'as_one.go': 'internal/backends/postgresql/metadata/pool',
}
