import { resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { App } from './app-type.ts'

/** Scripts and connections from the page's own origin only; audio also from memory (`blob:`, `data:`). */
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The built web page at `/`. Files with a hash in their name are kept by browsers, the page itself is asked for. */
export async function webPage(app: App, root: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: resolve(root),
    cacheControl: false,
    setHeaders(reply, path) {
      const isHashed = /[/\\]assets[/\\]/.test(path)
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      reply.header('x-content-type-options', 'nosniff')
      reply.header('content-security-policy', contentSecurityPolicy)
    },
  })
}
