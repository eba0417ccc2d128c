/** Where push services may be: the server sends only to those, whatever endpoint a client names. */
export class PushHosts {
  readonly #rules: ((url: URL) => boolean)[]

  /**
   * @param list comma-separated: `push.example.org`, `*.example.org` (both by HTTPS, on its port), or a whole origin, for
   * a push service of one's own
   */
  constructor(list: string) {
    this.#rules = list
      .split(',')
      .map((entry) => entry.trim().toLowerCase())
      .filter((entry) => entry !== '')
      .map(toRule)
  }

  allows(endpoint: string): boolean {
    const url = URL.parse(endpoint)
    if (!url) return false
    return url.username === '' && url.password === '' && this.#rules.some((rule) => rule(url))
  }
}

function toRule(entry: string): (url: URL) => boolean {
  if (entry.includes('://')) {
    const origin = URL.parse(entry)?.origin
    return (url) => url.origin === origin
  }
  const isPlain = ({ protocol, port }: URL) => protocol === 'https:' && port === ''
  if (entry.startsWith('*.')) return (url) => isPlain(url) && url.hostname.endsWith(entry.slice(1))
  return (url) => isPlain(url) && url.hostname === entry
}
