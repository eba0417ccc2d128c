import fc from 'fast-check'
import t from 'tap'
import { userRoom, watchersRoom } from '../src/rooms.ts'

t.test('no room looks like a socket id to the adapter, and no two users share one', async () => {
  const id = fc.string({ minLength: 1, maxLength: 30 })
  for (const room of [userRoom, watchersRoom]) {
    fc.assert(fc.property(id, (a) => room(a).length !== 20))
    fc.assert(fc.property(id, id, (a, b) => (room(a) === room(b)) === (a === b)))
  }
})
