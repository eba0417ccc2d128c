import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/**
 * Ends the build when what a browser must load before it shows anything is too much.
 * @param maxBytes of script, compressed with gzip
 */
export function firstLoadBudget(maxBytes: number): Plugin {
  return {
    name: 'first-load-budget',
    apply: 'build',
    generateBundle(_options, bundle) {
      const needed = new Set<string>()
      const need = (file: string) => {
        const chunk = bundle[file]
        if (chunk?.type !== 'chunk' || needed.has(file)) return
        needed.add(file)
        for (const imported of chunk.imports) need(imported)
      }
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk' && chunk.isEntry) need(chunk.fileName)
      }
      const bytes = [...needed].reduce((sum, file) => {
        const chunk = bundle[file]
        return chunk?.type === 'chunk' ? sum + gzipSync(chunk.code).length : sum
      }, 0)
      const said = `The first load is ${kilobytes(bytes)} of script in ${needed.size} files, compressed`
      if (bytes > maxBytes) this.error(`${said}: more than ${kilobytes(maxBytes)}.`)
      this.info(`${said}; it may be ${kilobytes(maxBytes)}.`)
    },
  }
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`
}
