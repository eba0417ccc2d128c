import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file for a child process that has to seek in it. Nobody else can open it, and nothing of it outlives this process. */
export class ScratchFile {
  readonly #file: FileHandle
  readonly #path: string

  private constructor(file: FileHandle, path: string) {
    this.#file = file
    this.#path = path
  }

  static async create(content: Uint8Array = new Uint8Array()): Promise<ScratchFile> {
    const path = join(tmpdir(), `earshot-${randomUUID()}`)
    const scratch = new ScratchFile(await open(path, 'wx+', 0o600), path)
    try {
      if (hasFdPaths) await unlink(path)
      await scratch.#file.writeFile(content)
    } catch (error) {
      await scratch.close()
      throw error
    }
    return scratch
  }

  get fd(): number {
    return this.#file.fd
  }

  /** @param childFd the number that the child has it under */
  pathFor(childFd: number): string {
    return hasFdPaths ? `/proc/self/fd/${childFd}` : this.#path
  }

  /** What the child wrote. */
  async read(): Promise<Buffer> {
    const { size } = await this.#file.stat()
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await this.#file.read(bytes, 0, size, 0)
    return bytes.subarray(0, bytesRead)
  }

  async close(): Promise<void> {
    await this.#file.close()
    if (!hasFdPaths) await unlink(this.#path)
  }
}

/** Where a file without a name can be opened again by its descriptor. */
const hasFdPaths = process.platform === 'linux'
