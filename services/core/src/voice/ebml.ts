/**
 * The elements of an EBML file (RFC 8794) in their order, one at a time, those in `entered` ones too. Entered elements end where
 * something follows that is not theirs, so that a length that the writer did not know when it wrote it (6.2 there)
 * matters to nobody. Ends at what is broken or cut off. Nothing is made of an element but numbers: a recording has hundreds.
 */
export class EbmlElements {
  readonly #bytes: Uint8Array
  readonly #entered: ReadonlySet<number>
  #at = 0
  /** Of the element that `next` went to. */
  id = 0
  /** Where its data begins and ends; nothing of one that is entered. */
  start = 0
  end = 0
  /** Of the number that was read last, bytes; 0: there is none. */
  #length = 0

  constructor(bytes: Uint8Array, entered: ReadonlySet<number>) {
    this.#bytes = bytes
    this.#entered = entered
  }

  /** Goes to the next element; false: there is no more. */
  next(): boolean {
    const id = this.#number(this.#at, 4, true)
    if (this.#length === 0) return false
    const sizeAt = this.#at + this.#length
    const size = this.#number(sizeAt, 8, false)
    if (this.#length === 0) return false
    this.id = id
    this.start = sizeAt + this.#length
    this.end = this.#entered.has(id) ? this.start : this.start + size
    this.#at = this.end
    return this.end <= this.#bytes.length
  }

  /** A number whose first bits tell its length; they belong to an id, and not to a size. */
  #number(at: number, longest: number, withLength: boolean): number {
    const bytes = this.#bytes
    const first = at < bytes.length ? (bytes[at] ?? 0) : 0
    const length = Math.clz32(first) - 23
    this.#length = length > longest || at + length > bytes.length ? 0 : length
    if (this.#length === 0) return 0
    let value = withLength ? first : first & (0xff >> length)
    for (let i = at + 1; i < at + length; i++) value = value * 256 + (bytes[i] ?? 0)
    return value
  }
}

/** The value of an unsigned integer element. */
export function unsigned(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) value = value * 256 + (bytes[at] ?? 0)
  return value
}

/** The value of a float element: of four bytes or of eight. */
export function float(bytes: Uint8Array, start: number, end: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
  if (view.byteLength === 4) return view.getFloat32(0)
  return view.byteLength === 8 ? view.getFloat64(0) : Number.NaN
}

/** Of the number at the start of a block, which says whose it is: only its length matters here. */
export function leadingLength(bytes: Uint8Array, start: number): number {
  return Math.clz32(bytes[start] ?? 0) - 23
}
