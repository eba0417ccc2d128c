import { styleText } from 'node:util'

/** Something went otherwise than it must. */
export class Twist extends Error {
  override readonly name = 'Twist'
}

/** Prints what happens as a readable story. */
export const story = {
  chapter(title: string): void {
    console.log(`\n${styleText('bold', title)}`)
  },
  tell(line: string): void {
    console.log(`  ${line}`)
  },
  /** States a fact that was checked; anything else ends the demo. */
  check(fact: string, holds: boolean, otherwise = 'it is not so'): void {
    if (!holds) throw new Twist(`${fact}: ${otherwise}`)
    console.log(`  ${styleText('green', '✓')} ${fact}`)
  },
}
