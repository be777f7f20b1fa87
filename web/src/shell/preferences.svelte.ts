/** What is this reader's and not the link's: theme, time zone and set of keys, kept in localStorage. */
import type { Zone } from '../format/time.ts'
import { store, stored } from './storage.ts'

export type Theme = 'light' | 'dark' | 'system'

/** Jaeger binds w and s to scrolling, arrows to zoom. */
export type KeySet = 'hopscope' | 'jaeger'

const systemDark = window.matchMedia('(prefers-color-scheme: dark)')
/** Paper is light. */
const print = window.matchMedia('print')

function themeFrom(text: string | null): Theme {
  return text === 'light' || text === 'dark' ? text : 'system'
}

const state = $state({
  theme: themeFrom(stored('theme')),
  systemDark: systemDark.matches,
  print: print.matches,
  zone: (stored('zone') === 'UTC' ? 'UTC' : 'local') as Zone,
  keySet: (stored('keys') === 'jaeger' ? 'jaeger' : 'hopscope') as KeySet,
})

systemDark.addEventListener('change', ({ matches }) => {
  state.systemDark = matches
  applyTheme()
})

print.addEventListener('change', ({ matches }) => {
  state.print = matches
  applyTheme()
})

function applyTheme(): void {
  document.documentElement.dataset['theme'] = shownTheme()
}

/** Reactive: what the reader chose. */
export function theme(): Theme {
  return state.theme
}

/** Reactive: what is on the screen; canvases redraw on it. */
export function shownTheme(): 'light' | 'dark' {
  if (state.print) return 'light'
  if (state.theme !== 'system') return state.theme
  return state.systemDark ? 'dark' : 'light'
}

export function setTheme(chosen: Theme): void {
  state.theme = chosen
  store('theme', chosen)
  applyTheme()
}

/** Reactive. */
export function zone(): Zone {
  return state.zone
}

export function setZone(chosen: Zone): void {
  state.zone = chosen
  store('zone', chosen)
}

/** Reactive. */
export function keySet(): KeySet {
  return state.keySet
}

export function setKeySet(chosen: KeySet): void {
  state.keySet = chosen
  store('keys', chosen)
}
