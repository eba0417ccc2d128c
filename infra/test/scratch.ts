import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A folder for one test that PostgreSQL's user can enter. Tap's own is in the clone, which may be closed to it. */
export function scratch(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'earshot-test-'))
  chmodSync(path, 0o711)
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
