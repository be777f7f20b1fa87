/** What part of the traffic a screen is about. It lives in the address and goes along to other screens; a screen that obeys it says so. */
import { param } from '../url/state.svelte.ts'

export const placeKeys = ['environment', 'cluster', 'namespace'] as const
export type ScopeKey = (typeof placeKeys)[number] | 'route'

let obeyed = $state.raw<readonly ScopeKey[]>([])

/**
 * Call while a screen is set up: the context bar then offers these keys. Returns the query of the screen's requests.
 * A key that the screen does not obey is not offered, so that nothing on it is filtered unseen.
 */
export function useScope(keys: readonly ScopeKey[]): () => Partial<Record<ScopeKey, string>> {
  $effect.pre(() => {
    obeyed = keys
    return () => (obeyed = [])
  })
  return () => Object.fromEntries(keys.map((key) => [key, param(key)]))
}

/** Reactive. */
export function scopeKeys(): readonly ScopeKey[] {
  return obeyed
}
