import { runProcess } from '@earshot/core/process'
import { startGateway } from './app.ts'

await runProcess('gateway', startGateway)
