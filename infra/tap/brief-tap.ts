const FILE_DONE = /^(not )?ok \d+ - (.*?)(?: # (.*))?$/

/**
 * Shortens tap's output: a line for each test file that passed; for one that did not all that tap wrote of its failures. A test
 * file's own lines are indented, its result is not.
 */
export class BriefTap {
  readonly #print: (line: string) => void
  #ofThisFile: string[] = []

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  line(line: string): void {
    const done = FILE_DONE.exec(line)
    if (done === null) this.#other(line)
    else this.#fileDone(done)
  }

  #fileDone([, failed, file, remark]: RegExpExecArray): void {
    const took = remark?.replace(/^time=/, '')
    if (failed) for (const kept of this.#ofThisFile) this.#print(kept)
    this.#print(`${failed ? 'FAIL' : 'ok  '} ${file}${took ? ` (${took})` : ''}`)
    this.#ofThisFile = []
  }

  #other(line: string): void {
    if (/^\s+ok \d/.test(line)) return
    if (/^\s/.test(line) || line.startsWith('# Subtest')) this.#ofThisFile.push(line)
    else if (/^# |^Bail out/.test(line)) this.#print(line)
  }
}
