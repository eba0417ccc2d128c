import type { ByteRange } from '@earshot/core/media/blob-store'

/**
 * One range of RFC 9110's `Range` header. `undefined`: send it whole (no header, several ranges, or a form that may be
 * ignored); `unsatisfiable`: answer 416.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | undefined | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (!match) return undefined
  const [, first, last] = match
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start >= size) return 'unsatisfiable'
  return start > end ? undefined : { start, end }
}

/** Whether an `If-None-Match` names the content that is there. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => {
    const named = one.trim()
    return named === '*' || named.replace(/^W\//, '') === etag
  })
}
