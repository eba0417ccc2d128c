/** What was read of a file, and how many bytes it took. */
interface Read {
  value: number
  length: number
}

export interface EbmlElement {
  id: number
  /** Empty for an element that is entered. */
  data: Uint8Array
}

/**
 * The elements of an EBML file (RFC 8794) in their order, those in `entered` ones too. Entered elements end where
 * something follows that is not theirs, so that a length that the writer did not know when it wrote it (6.2 there)
 * matters to nobody. Ends at what is broken or cut off.
 */
export function* ebmlElements(bytes: Uint8Array, entered: ReadonlySet<number>): Generator<EbmlElement> {
  for (let at = 0; at < bytes.length; ) {
    const id = readNumber(bytes, at, 4, true)
    const size = id && readNumber(bytes, at + id.length, 8, false)
    if (!size) return
    at += id.length + size.length
    if (entered.has(id.value)) {
      yield { id: id.value, data: bytes.subarray(at, at) }
      continue
    }
    const end = at + size.value
    if (end > bytes.length) return
    yield { id: id.value, data: bytes.subarray(at, end) }
    at = end
  }
}

/** A number whose first bits tell its length; they belong to an id, and not to a size. */
function readNumber(bytes: Uint8Array, at: number, longest: number, withLength: boolean): Read | undefined {
  const first = bytes[at] ?? 0
  const length = Math.clz32(first) - 23
  if (length > longest || at + length > bytes.length) return undefined
  const top = withLength ? first : first & (0xff >> length)
  return { value: top * 256 ** (length - 1) + unsigned(bytes.subarray(at + 1, at + length)), length }
}

/** The value of an unsigned integer element. */
export function unsigned(data: Uint8Array): number {
  let value = 0
  for (const byte of data) value = value * 256 + byte
  return value
}

/** The value of a float element: of four bytes or of eight. */
export function float(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (data.length === 4) return view.getFloat32(0)
  return data.length === 8 ? view.getFloat64(0) : Number.NaN
}

/** The number at the start of a block, which says whose it is: only its length matters here. */
export function leadingLength(data: Uint8Array): number {
  return Math.clz32(data[0] ?? 0) - 23
}
