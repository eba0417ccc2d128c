import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { Plugin } from 'vite'

/** Emits `sw.js` from `src/service-worker.ts`, with the version and the files of this build in it. */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const source = new URL('../src/service-worker.ts', import.meta.url)
        const built = Object.keys(bundle).filter((file) => /\.(js|css|html)$/.test(file))
        const files = [
          '/',
          '/favicon.svg',
          ...built.filter((file) => file !== 'index.html').map((file) => `/${file}`),
        ]
        const version = createHash('sha256')
        for (const file of built.sort()) {
          const part = bundle[file]
          version.update(file).update(part?.type === 'chunk' ? part.code : (part?.source ?? ''))
        }
        const head = [
          `const VERSION = '${version.digest('hex').slice(0, 16)}'`,
          `const FILES = ${JSON.stringify(files)}`,
        ]
        const code = stripTypeScriptTypes(readFileSync(source, 'utf8'))
        this.emitFile({ type: 'asset', fileName: 'sw.js', source: `${head.join('\n')}\n${code}` })
      },
    },
  }
}
