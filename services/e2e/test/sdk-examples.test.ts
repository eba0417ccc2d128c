import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { secret, startCluster } from '../src/cluster.ts'
import { mintToken } from '../src/tokens.ts'

t.setTimeout(90_000)

const root = join(import.meta.dirname, '..', '..', 'client')
const example =
  /^## (?<title>.+)$(?:(?!^## )[\s\S])*?^```ts\n(?<code>[\s\S]*?)^```\n+^```text\n(?<output>[\s\S]*?)^```/gm
const examples = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(example)].map(({ groups }) => ({
  title: groups?.title ?? '',
  code: groups?.code ?? '',
  output: groups?.output ?? '',
}))
t.equal(examples.length, 6)

for (const { title, code, output } of examples) {
  t.test(`the SDK's documentation: ${title}`, async (t) => {
    const cluster = await startCluster(t)
    // They exist from their first valid token on.
    const bob = await mintToken(secret, 'bob', { name: 'Bob' })
    await fetch(`${cluster.url(1)}/user/me`, { headers: { authorization: `Bearer ${bob}` } })
    const indexedDb = createRequire(join(root, 'package.json')).resolve('fake-indexeddb/auto')
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', pathToFileURL(indexedDb).href, '--input-type=module-typescript', '--eval', code],
      {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          EARSHOT_URL: cluster.url(0),
          ANN_TOKEN: await mintToken(secret, 'ann', { name: 'Ann' }),
          BOB_TOKEN: bob,
        },
      },
    )
    t.equal(stdout, output)
  })
}
