import { MalformedError } from '../../storage/protobuf.ts'

/** Reading what somebody else's JSON should be. All throw MalformedError with the path of what is not. */
export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function objectAt(value: unknown, path: string): Json {
  if (!isObject(value)) throw new MalformedError(`${path} is not an object`)
  return value
}

/** Absent is empty. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new MalformedError(`${path} is not a list`)
  return value
}

/** Absent is ''. */
export function textAt(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new MalformedError(`${path} is not a string`)
  return value
}

/** Microseconds as nanoseconds. Long integers come as strings from `parsedJson`, as some tools write them anyway. */
export function microsAt(value: unknown, path: string): bigint {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || number < 0 || !Number.isSafeInteger(Math.round(number)))
    throw new MalformedError(`${path} is not a number of microseconds`)
  return BigInt(Math.round(number)) * 1000n
}

/** @param digits how many it has once leading zeros are written. */
export function idAt(value: unknown, digits: 16 | 32, path: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]+$/i.test(value) || value.length > digits)
    throw new MalformedError(`${path} is not an id of ${digits} hex digits`)
  return value.padStart(digits, '0')
}
