/** The state that is shared by link: reads and writes single keys of the query. */
import { navigate, path, search } from './router.svelte.ts'
import { carriedOf, paramsOf, withParams } from './params.ts'

/** Reactive. `''` where the key is missing. */
export function param(key: string): string {
  return paramsOf(search()).get(key) ?? ''
}

/** One of `allowed`, else the first of them: a link with a value nobody knows still opens, and the page says so. */
export function choice<Value extends string>(key: string, allowed: readonly [Value, ...Value[]]): Value {
  return chosen(key, allowed) ?? allowed[0]
}

/** One of `allowed`; undefined where the address says nothing, or nothing that is known. */
export function chosen<Value extends string>(key: string, allowed: readonly Value[]): Value | undefined {
  const said = param(key)
  const known = allowed.find((value) => value === said)
  if (known === undefined && said !== '') noteInvalid(key, said)
  return known
}

interface Invalid {
  readonly at: string
  readonly key: string
  readonly value: string
}
let noted = $state.raw<readonly Invalid[]>([])

/** A value in the address that means nothing here. It may be found while something is derived, which must not change state. */
function noteInvalid(key: string, value: string): void {
  const at = path()
  queueMicrotask(() => {
    if (noted.some((other) => other.at === at && other.key === key && other.value === value)) return
    noted = [...noted, { at, key, value }]
  })
}

/** Reactive: what in the address of now means nothing to the screen: `p=p42`. */
export function invalidParams(): string[] {
  return noted
    .filter(({ at, key, value }) => at === path() && value === param(key))
    .map((one) => `${one.key}=${one.value}`)
}

/** @param how push where Back should undo it, replace for typing and small steps. */
export function setParams(changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace'): void {
  navigate(path() + withParams(search(), changes), how)
}

/** The address of another screen in the same range and scope. */
export function linkTo(screenPath: string, more: Readonly<Record<string, string | null>> = {}): string {
  return screenPath + withParams('', { ...carriedOf(search()), ...more })
}
