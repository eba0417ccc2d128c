import { Failure } from '../system/failure.ts'
import { type ContainerEngine, containerEngine } from './container.ts'
import { FERRETDB_VERSION, provideFerretdb } from './ferretdb.ts'
import { downloadMongod, type MongodTool, mongodOnPath } from './mongod.ts'
import { type PostgresTool, providePostgres } from './postgres.ts'
import type { Toolbox } from './toolbox.ts'
import { firstWay, NotThisWay, once, type Way } from './ways.ts'

export type MongoTool = {
  /** For people: which server, and how it came here. */
  chosen: string
  /** For people: what of MongoDB this server lacks. */
  cannot?: string
} & (
  | { kind: 'mongod'; command: string }
  | { kind: 'ferretdb'; command: string; postgres: PostgresTool | undefined }
  | { kind: 'container'; engine: ContainerEngine; image: string }
)

const FERRETDB_CANNOT =
  'transactions, change streams, TTL and partial indexes, $lookup, pipeline updates, text indexes, validators'

export const provideMongo = once(async (box: Toolbox): Promise<MongoTool> => {
  const remedy = 'Install mongod 6 or later, or give the address of one in MONGODB_URI.'
  const { tool, because } = await firstWay('A MongoDB server', remedy, chosenWays(box))
  return because.length === 0 ? tool : { ...tool, chosen: `${tool.chosen} (${because.join('; ')})` }
})

/** In the order of preference; EARSHOT_MONGO leaves only the one it names. */
function chosenWays(box: Toolbox): Way<MongoTool>[] {
  const ways = {
    mongod: async () => real(mongodOnPath(), 'on the PATH'),
    'ferretdb-postgres': () => ferretdbOnPostgres(box),
    'ferretdb-sqlite': () => ferretdbOnSqlite(box),
    container: inContainer,
    download: async () => real(await downloadMongod(box), 'downloaded'),
  } satisfies Record<string, Way<MongoTool>>
  const only = process.env.EARSHOT_MONGO
  if (!only) return Object.values(ways)
  const way = Object.entries(ways).find(([name]) => name === only)?.[1]
  if (way) return [way]
  throw new Failure(`EARSHOT_MONGO is "${only}", but must be one of ${Object.keys(ways).join(', ')}.`)
}

function real(found: MongodTool | NotThisWay, how: string): MongoTool | NotThisWay {
  if (found instanceof NotThisWay) return found
  return {
    kind: 'mongod',
    command: found.command,
    chosen: `mongod ${found.version}, ${found.command} ${how}`,
  }
}

async function ferretdbOnPostgres(box: Toolbox): Promise<MongoTool | NotThisWay> {
  const command = await provideFerretdb(box)
  if (command instanceof NotThisWay) return command
  const postgres = await providePostgres(box)
  if (postgres instanceof NotThisWay) return postgres
  const chosen = `FerretDB ${FERRETDB_VERSION} over PostgreSQL ${postgres.major}, built with Go`
  return { kind: 'ferretdb', command, postgres, chosen, cannot: FERRETDB_CANNOT }
}

async function ferretdbOnSqlite(box: Toolbox): Promise<MongoTool | NotThisWay> {
  const command = await provideFerretdb(box)
  if (command instanceof NotThisWay) return command
  const chosen = `FerretDB ${FERRETDB_VERSION} over SQLite, built with Go`
  const cannot = `${FERRETDB_CANNOT}; use an index for anything but _id`
  return { kind: 'ferretdb', command, postgres: undefined, chosen, cannot }
}

async function inContainer(): Promise<MongoTool | NotThisWay> {
  const engine = containerEngine()
  if (engine === undefined) return new NotThisWay('no container engine answers')
  return { kind: 'container', engine, image: 'mongo:7', chosen: `MongoDB 7 in a container (${engine.name})` }
}
