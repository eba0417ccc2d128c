import t from 'tap'
import { startCluster } from '../src/cluster.ts'

t.test('pages of allowed origins may read what others are not told of', async (t) => {
  const page = 'https://page.example'
  const cluster = await startCluster(t, { nodes: 1, env: { CORS_ORIGINS: page } })
  const answer = async (origin?: string) => {
    const { headers } = await fetch(`${cluster.url(0)}/healthz`, { headers: origin ? { origin } : {} })
    const exposed = headers.get('access-control-expose-headers')
    return {
      origin: headers.get('access-control-allow-origin'),
      exposesTag: exposed?.split(', ').includes('etag') ?? false,
      vary: headers.get('vary'),
    }
  }
  t.same(await answer(page), { origin: page, exposesTag: true, vary: 'Origin' })
  t.equal((await answer('https://other.example')).origin, null)
  t.same(await answer(), { origin: null, exposesTag: false, vary: 'Origin' })
})
