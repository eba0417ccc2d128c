import t from 'tap'
import { microphoneErrorText } from '../src/features/voice/microphone-error.ts'

t.test('a microphone that is refused, missing or taken is explained, each in its own words', async (t) => {
  const textOf = (name: string) => microphoneErrorText(new DOMException('', name))
  t.match(textOf('NotAllowedError'), /blocked for this page.*Allow it/)
  t.match(textOf('NotFoundError'), /No microphone was found/)
  t.match(textOf('NotReadableError'), /Another program/)
})
