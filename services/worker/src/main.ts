import { runProcess } from '@earshot/core/process'
import { startWorker } from './app.ts'

await runProcess('worker', startWorker)
