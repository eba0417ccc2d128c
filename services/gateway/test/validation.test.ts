import { CodedError, clientEvents } from '@earshot/protocol'
import t from 'tap'
import Type, { type TSchema } from 'typebox'
import { compileCheck } from '../src/validation/check.ts'

const refusalOf = (schema: TSchema, value: unknown) => {
  try {
    compileCheck(schema, 'The payload')(value)
  } catch (error) {
    if (error instanceof CodedError) return error.toWire()
    throw error
  }
  return undefined
}

/** A list or object that counts how often something in it is looked at. */
function counted<T extends object>(target: T): { value: T; looks: () => number } {
  let looks = 0
  const value = new Proxy(target, {
    get(target, key, receiver) {
      looks++
      return Reflect.get(target, key, receiver)
    },
  })
  return { value, looks: () => looks }
}

t.test('what holds too much is refused without a look at what it holds', async (t) => {
  const { presence_subscribe, sync, message } = clientEvents
  const list = counted(Array.from({ length: 1_000_000 }, () => 1))
  t.match(refusalOf(presence_subscribe.payload, { userIds: list.value }), {
    code: 'TOO_LARGE',
    field: 'userIds',
  })
  t.ok(list.looks() < 10, `${list.looks()} looks`)

  const entries = Array.from({ length: 100_000 }, (_, n) => [`key-${n}`, {}])
  const map = counted(Object.fromEntries(entries))
  t.match(refusalOf(sync.payload, { conversations: map.value }), {
    code: 'TOO_LARGE',
    field: 'conversations',
  })
  t.equal(map.looks(), 0)

  const object = counted(Object.fromEntries(entries))
  t.match(refusalOf(message.payload, object.value), { code: 'BAD_REQUEST', field: 'key-0' })
  t.equal(object.looks(), 0)

  t.match(refusalOf(sync.payload, { conversations: Buffer.alloc(10) }), {
    code: 'BAD_REQUEST',
    field: 'conversations',
    message: 'conversations must be object.',
  })
})

t.test('of a union the branch that was meant names the field', async (t) => {
  const schema = Type.Object({
    at: Type.Union([
      Type.Integer(),
      Type.Object({ seq: Type.Integer() }, { additionalProperties: false }),
      Type.Object({ list: Type.Array(Type.Integer(), { maxItems: 2 }) }, { additionalProperties: false }),
    ]),
  })
  t.equal(refusalOf(schema, { at: { seq: 1 } }), undefined)
  t.equal(refusalOf(schema, { at: { list: [1, 2] } }), undefined, 'the excess of another branch is none')
  t.match(refusalOf(schema, { at: { seq: 'x' } }), { field: 'at.seq', message: 'at.seq must be integer.' })
  t.match(refusalOf(schema, { at: 'x' }), { field: 'at' })
  t.match(refusalOf(schema, {}), { field: 'at', message: 'at is missing.' })
})

t.test('fields are named as they are written', async (t) => {
  const schema = Type.Object({ map: Type.Record(Type.String(), Type.Integer()) })
  t.match(refusalOf(schema, { map: { 'a/b~c': 'x' } }), { field: 'map.a/b~c' })
  t.match(refusalOf(schema, 7), { message: 'The payload must be object.' })
  t.equal(refusalOf(schema, 7)?.field, undefined)
})

t.test('over a marked bound is TOO_LARGE, over another BAD_REQUEST', async (t) => {
  const schema = Type.Object({
    marked: Type.Array(Type.String({ maxLength: 3, 'x-limit': 'some' })),
    plain: Type.String({ maxLength: 3 }),
  })
  t.match(refusalOf(schema, { marked: ['four'], plain: '' }), { code: 'TOO_LARGE', field: 'marked.0' })
  t.match(refusalOf(schema, { marked: [], plain: 'four' }), { code: 'BAD_REQUEST', field: 'plain' })
  t.match(refusalOf(schema, { marked: [4], plain: '' }), { code: 'BAD_REQUEST', field: 'marked.0' })
})
