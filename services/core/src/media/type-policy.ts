import { CodedError } from '@earshot/protocol'

/** Which types uploads may have: by content, as the operator allows. */
export class TypePolicy {
  readonly #allowed: string[]
  readonly #denied: string[]

  /** @param options comma-separated types: `image/png`, `image/*`, `*` */
  constructor(options: { allow: string; deny: string }) {
    this.#allowed = list(options.allow)
    this.#denied = list(options.deny)
  }

  /** @throws {CodedError} `UNSUPPORTED_MEDIA` */
  check(mimeType: string): void {
    const [essence = ''] = mimeType.toLowerCase().split(';')
    const fits = (pattern: string) =>
      pattern === '*' ||
      pattern === essence ||
      (pattern.endsWith('/*') && essence.startsWith(pattern.slice(0, -1)))
    if (this.#allowed.some(fits) && !this.#denied.some(fits)) return
    throw new CodedError('UNSUPPORTED_MEDIA', `Files of the type ${essence} are not accepted here.`)
  }
}

function list(types: string): string[] {
  return types
    .split(',')
    .map((type) => type.trim().toLowerCase())
    .filter(Boolean)
}
