import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser'

type Taker = (packet: Packet) => void

let decoded: Packet | undefined
/** What is text alone is decoded at once, so one decoder does it for all sockets. */
const forText = new Decoder()
forText.on('decoded', (packet: Packet) => {
  decoded = packet
})

/** Packets that have bytes come in parts. */
const inParts = new Set([PacketType.BINARY_EVENT, PacketType.BINARY_ACK].map(String))

/**
 * What Socket.IO needs of a decoder. Its own takes a third of a kilobyte a socket, and is needed by those alone that are sending
 * bytes.
 */
class SharedDecoder {
  #take: Taker | undefined
  /** While a packet comes in parts. */
  #forParts: Decoder | undefined

  on(_event: 'decoded', take: Taker): void {
    this.#take = take
  }

  removeListener(): void {
    this.#take = undefined
  }

  /** @throws {Error} for what is no packet */
  add(data: unknown): void {
    if (!this.#forParts && typeof data === 'string' && !inParts.has(data.charAt(0))) this.#takeText(data)
    else this.#decoderForParts().add(data)
  }

  destroy(): void {
    this.#forParts?.destroy()
    this.#forParts = undefined
  }

  #takeText(text: string): void {
    forText.add(text)
    const packet = decoded
    decoded = undefined
    if (packet) this.#take?.(packet)
  }

  #decoderForParts(): Decoder {
    if (this.#forParts) return this.#forParts
    const decoder = new Decoder()
    decoder.on('decoded', (packet: Packet) => {
      this.#forParts = undefined
      this.#take?.(packet)
    })
    this.#forParts = decoder
    return decoder
  }
}

/** For Socket.IO's option `parser`: on the wire it is Socket.IO's own. */
export const sharedParser = { Encoder, Decoder: SharedDecoder }
