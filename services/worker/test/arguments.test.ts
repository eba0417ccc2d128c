import t from 'tap'
import { parseCommand } from '../src/cli/arguments.ts'

t.test('an id that begins with a dash is one', async (t) => {
  const id = '-S_0123456789abcdef-ZZ'
  t.same(parseCommand(['show', id]), { name: 'show', id, json: false })
  t.same(parseCommand(['--json', 'drop', id, '--lose-audio']), {
    ...{ name: 'drop', id },
    ...{ losesAudio: true, json: true },
  })
  t.throws(() => parseCommand(['show', '-x']), { name: 'UsageError' })
})
