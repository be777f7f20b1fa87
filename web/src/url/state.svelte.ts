/** The state that is shared by link: reads and writes single keys of the query. */
import { navigate, path, search } from './router.svelte.ts'
import { carriedOf, paramsOf, withParams } from './params.ts'

/** Reactive. `''` where the key is missing. */
export function param(key: string): string {
  return paramsOf(search()).get(key) ?? ''
}

/** One of `allowed`, else the first of them: a link with a value nobody knows still opens. */
export function choice<Value extends string>(key: string, allowed: readonly [Value, ...Value[]]): Value {
  const said = param(key)
  return allowed.find((value) => value === said) ?? allowed[0]
}

/** @param how push where Back should undo it, replace for typing and small steps. */
export function setParams(changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace'): void {
  navigate(path() + withParams(search(), changes), how)
}

/** The address of another screen in the same range and scope. */
export function linkTo(screenPath: string, more: Readonly<Record<string, string | null>> = {}): string {
  return screenPath + withParams('', { ...carriedOf(search()), ...more })
}
