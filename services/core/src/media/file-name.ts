/** UTF-16 units that a file's name has at most. */
const maxChars = 255

/**
 * A sender's name for a file, made harmless: no folders, no control characters, nothing that turns the direction of
 * text (which can hide what a name ends with). `undefined` when nothing is left.
 */
export function safeFileName(name: string | undefined): string | undefined {
  const last = name?.split(/[/\\]/).at(-1) ?? ''
  const safe = last
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim()
  const cut = safe.slice(0, maxChars)
  // A character of two units is not cut in two.
  const short = cut.isWellFormed() ? cut : cut.slice(0, -1)
  return short === '' || short === '.' || short === '..' ? undefined : short
}
