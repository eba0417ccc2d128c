/** What is used here of Engine.IO and `ws` beyond their types. */
interface Connection {
  transport: { socket?: { _receiver?: { _mask?: Uint8Array | undefined } } }
}

/**
 * When a packet has been read. `ws` keeps the four bytes by which the last frame was masked, and with them all that came from the kernel in
 * one piece, up to 64 KB, until the next frame comes; nobody looks at them again.
 */
export function forgetFrame(conn: object): void {
  const receiver = (conn as Connection).transport.socket?._receiver
  if (receiver) receiver._mask = undefined
}
