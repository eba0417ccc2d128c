import { join } from 'node:path'
import { silent } from '../report/reporter.ts'
import { ROOT } from '../settings.ts'
import { freePort } from '../system/ports.ts'
import { removeTempDir, tempDir } from '../system/temp-dir.ts'
import { provideRecogniser } from '../tools/recogniser.ts'
import { NotThisWay } from '../tools/ways.ts'
import { Daemon, type Surroundings } from './daemon.ts'
import { answersOk } from './probes.ts'
import { type Server, serverOf, startAll } from './server.ts'

export interface RecogniserOptions extends Partial<Surroundings> {
  /** That requests must carry; any will do unless given. */
  key?: string
}

/** PocketSphinx behind the API that transcription asks, or why this machine cannot have it. */
export async function startRecogniser(options: RecogniserOptions = {}): Promise<Server | NotThisWay> {
  const surroundings = { ...options, reporter: options.reporter ?? silent }
  const logs = tempDir('recogniser')
  const cleanUp = () => removeTempDir(logs)
  const tool = await provideRecogniser({ ...surroundings, logDir: options.logDir ?? logs })
  if (tool instanceof NotThisWay) {
    cleanUp()
    return tool
  }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const script = join(ROOT, 'infra', 'recogniser', 'recogniser.py')
  const daemon = new Daemon(
    {
      role: 'recogniser',
      port,
      launch: () => ({
        command: tool.python,
        args: [script, String(port), ...(options.key === undefined ? [] : [options.key])],
        env: { ...process.env, PYTHONPATH: tool.path },
      }),
      ready: () => answersOk(url),
    },
    surroundings,
  )
  await startAll([daemon])
  return serverOf([daemon], { url, port, cleanUp })
}
