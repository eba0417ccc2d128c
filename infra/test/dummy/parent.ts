/** Starts a child, tells which, and waits to be killed. */
import { launch } from '../../system/child.ts'

const child = await launch({ command: 'sleep', args: ['60'] })
process.stdout.write(JSON.stringify(child.identity))
await child.exited
