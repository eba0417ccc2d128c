import fc from 'fast-check'
import t from 'tap'
import { directConversationId, directMembers } from '../src/ids.ts'

/** Whole characters only: a lone surrogate is no text. */
const userId = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })

t.test('a direct conversation has one id whoever asks, and tells its members', async () => {
  fc.assert(
    fc.property(userId, userId, (a, b) => {
      const id = directConversationId(a, b)
      return (
        id === directConversationId(b, a) &&
        new Set(directMembers(id)).symmetricDifference(new Set([a, b])).size === 0
      )
    }),
  )
})

t.test('different pairs have different ids', async () => {
  fc.assert(
    fc.property(userId, userId, userId, userId, (a, b, c, d) => {
      const same = new Set([a, b]).symmetricDifference(new Set([c, d])).size === 0
      return (directConversationId(a, b) === directConversationId(c, d)) === same
    }),
  )
})

t.test('what is no such id names nobody', async (t) => {
  for (const id of ['', 'dm:', 'dm:a', 'dm:b:a', 'dm:a:b:c', 'dm:%zz:a', '65f000000000000000000000']) {
    t.equal(directMembers(id), undefined, id)
  }
})
