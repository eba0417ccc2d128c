/** A number that only ever grows, and what came along with its highest value. */
export interface Field {
  rank: number
  payload?: string
}

/** A value as the mechanism sees it. Two of one id become one: of each field the one with the higher rank. */
export type Fields = Map<string, Field>

/** What the mechanism must know of the values of one kind. */
export interface Kind<T> {
  /** Part of the Redis keys and a label of the metrics. */
  readonly name: string
  idOf(value: T): string
  /** Ids of one place are in one shard, and read in one call. */
  placeOf(id: string): string
  /** Under whom the value is found by who does not know its id. */
  ownersOf(id: string): string[]
  encode(value: T): Fields
  /** `undefined` where Redis kept nothing of use. */
  decode(id: string, fields: Fields): T | undefined
}

/** What waits for MongoDB. */
export interface Dirty<T> {
  id: string
  value: T | undefined
  /** Of this state: another change makes another one. */
  version: string
}
