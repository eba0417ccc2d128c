import { Failure } from '../../../infra/system/failure.ts'

/** A whole number from 1 from the environment: how much of something a row does. */
export function count(name: string, otherwise: number): number {
  return counts(name, [otherwise])[0] ?? otherwise
}

/** Whether a part of a row is to be done that can be left out: `NAME=no`. */
export function isWanted(name: string): boolean {
  return process.env[name] !== 'no'
}

/** Whole numbers from 1 from the environment, separated by commas. */
export function counts(name: string, otherwise: readonly number[]): number[] {
  const text = process.env[name]
  if (!text) return [...otherwise]
  const values = text.split(',').map(Number)
  if (values.every((value) => Number.isInteger(value) && value > 0)) return values
  throw new Failure(`${name} is "${text}", but must be whole numbers from 1, separated by commas.`)
}
