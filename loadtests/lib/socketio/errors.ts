/** The server said no to the connection (`44`); `data` is what its middleware gave. */
export class ConnectRefusedError extends Error {
  override readonly name = 'ConnectRefusedError'
  readonly data: unknown

  constructor(message: string, data: unknown) {
    super(message)
    this.data = data
  }
}

/** There is no connection, or it ended before the answer came. Whether the server has acted is not known. */
export class DisconnectedError extends Error {
  override readonly name = 'DisconnectedError'
}

/** No acknowledgement in time. Whether the server has acted is not known. */
export class AckTimeoutError extends Error {
  override readonly name = 'AckTimeoutError'
}
