/** What a server does for a query, from what `explain()` says: MongoDB's stages, or PostgreSQL's nodes beneath FerretDB. Pure. */
export function stagesOf(explained: unknown): string[] {
  const { queryPlanner } = explained as { queryPlanner?: { winningPlan?: unknown } }
  return below(queryPlanner?.winningPlan ?? queryPlanner)
}

function below(plan: unknown): string[] {
  if (plan === null || typeof plan !== 'object') return []
  const node = plan as Record<string, unknown>
  const stage = node['Node Type'] ?? node.stage
  const index = node['Index Name'] ?? node.indexName
  const own = typeof stage === 'string' ? [typeof index === 'string' ? `${stage} (${index})` : stage] : []
  return [...own, ...Object.values(node).flatMap(below)]
}

/** Whether an index gives the documents, and in their order. Pure. */
export function isByIndex(stages: readonly string[]): boolean {
  return (
    stages.some((stage) => /^(Index|IXSCAN)/.test(stage)) &&
    !stages.some((stage) => /sort|^Seq|^COLL/i.test(stage))
  )
}
