import type { Attributes } from '../types.ts'
import { holds, type Pattern, type TextTest } from './pattern.ts'

/** Names and keys remembered at most; what hostile senders invent beyond is worked out again. */
const mostRemembered = 20_000

/**
 * Of what a span carries itself (its name, and attributes outside the interned set), the part that patterns look at, as
 * a short text: how each test on it comes out, the value of keys that an identity is read from, and whether `presentKeys` are
 * there. Spans of one resource, scope, kind and attribute set with equal digests are recognised alike, however many values
 * they carry.
 */
export function digestOf(
  patterns: readonly Pattern[],
  valueKeys: readonly string[],
  presentKeys: readonly string[],
): Digest {
  const { names, keys, prefixes } = testsOf(patterns)
  const values = new Set(valueKeys)
  const ofName = new Map<string, string>()
  const ofKey = new Map<string, Reader | null>()

  const nameDigest = (name: string): string => {
    let digest = ofName.get(name)
    if (digest === undefined) {
      digest = outcomes(names, name)
      if (ofName.size >= mostRemembered) ofName.clear()
      ofName.set(name, digest)
    }
    return digest
  }
  const reader = (key: string): Reader | null => {
    if (values.has(key)) return (value) => `\n${key}=${value}`
    const tests = [...(keys.get(key) ?? [])]
    if (tests.length > 0) return (value) => `\n${key}:${outcomes(tests, value)}`
    if (!presentKeys.includes(key) && !prefixes.some((prefix) => key.startsWith(prefix))) return null
    const there = `\n${key}`
    return () => there
  }

  const readerOf = (key: string): Reader | null => {
    let read = ofKey.get(key)
    if (read === undefined) {
      read = reader(key)
      if (ofKey.size >= mostRemembered) ofKey.clear()
      ofKey.set(key, read)
    }
    return read
  }
  /** Which of the keys of a list are read at all: mostly none. */
  const ofList = new WeakMap<readonly string[], readonly string[]>()
  const keysRead = (attributes: Attributes): Iterable<string> => {
    const { keyList } = attributes
    if (keyList === undefined) return attributes.keys()
    let read = ofList.get(keyList)
    if (read === undefined) ofList.set(keyList, (read = keyList.filter((key) => readerOf(key) !== null)))
    return read
  }

  const attributesDigest = (attributes: Attributes): string => {
    let digest = ''
    for (const key of keysRead(attributes)) {
      const read = readerOf(key)
      if (read !== null) digest += read(attributes.get(key)!)
    }
    return digest
  }
  return { ofName: nameDigest, ofAttributes: attributesDigest }
}

/** Its two parts, of the name and of the attributes: mostly both are ''. */
export interface Digest {
  ofName(name: string): string
  ofAttributes(attributes: Attributes): string
}

/** The part of a digest that an attribute's value makes. */
type Reader = (value: string) => string

/** '' where none holds: the usual. */
function outcomes(tests: readonly TextTest[], text: string): string {
  let digest = ''
  for (let i = 0; i < tests.length; i++) if (holds(tests[i]!, text)) digest += `${i} `
  return digest
}

interface Tests {
  readonly names: TextTest[]
  readonly keys: Map<string, Set<TextTest>>
  readonly prefixes: string[]
}

function testsOf(patterns: readonly Pattern[], into: Tests = { names: [], keys: new Map(), prefixes: [] }): Tests {
  for (const { name, attributes, anyAttribute, all, any, none } of patterns) {
    if (name !== undefined && !into.names.includes(name)) into.names.push(name)
    for (const [key, test] of Object.entries(attributes ?? {})) {
      const tests = into.keys.get(key)
      if (tests) tests.add(test)
      else into.keys.set(key, new Set([test]))
    }
    if (anyAttribute !== undefined && !into.prefixes.includes(anyAttribute)) into.prefixes.push(anyAttribute)
    testsOf([...(all ?? []), ...(any ?? []), ...(none ?? [])], into)
  }
  return into
}
