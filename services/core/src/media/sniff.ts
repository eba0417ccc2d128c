/** Recognises audio by its first bytes, never by what the sender says of it. */
export function sniffAudio(bytes: Uint8Array): string | undefined {
  const ascii = (start: number, end: number) => String.fromCharCode(...bytes.subarray(start, end))
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3) return 'audio/webm'
  if (ascii(0, 4) === 'OggS') return 'audio/ogg'
  if (ascii(4, 8) === 'ftyp') return 'audio/mp4'
  if (ascii(0, 4) === 'RIFF' && ascii(8, 12) === 'WAVE') return 'audio/wav'
  if (ascii(0, 3) === 'ID3') return 'audio/mpeg'
  // An MPEG audio frame: eleven bits of sync, a version and a layer that exist.
  const [first = 0, second = 0] = bytes
  if (first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x18) !== 0x08 && (second & 0x06) !== 0) {
    return 'audio/mpeg'
  }
  return undefined
}

/** The sender's type where it only says more of the same container (its codecs), else the container's own. */
export function audioType(declared: string, container: string): string {
  const said = declared.trim().toLowerCase()
  const parameters = said.slice(container.length)
  const fits = said.startsWith(container) && /^(\s*;\s*codecs="?[a-z0-9.,_ -]{1,60}"?)?$/.test(parameters)
  return fits ? declared.trim() : container
}
