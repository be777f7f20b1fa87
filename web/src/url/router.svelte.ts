/** The History router: where we are as reactive state, and the two ways of going elsewhere. */
import { upgraded } from './params.ts'

interface Place {
  path: string
  search: string
}

const place: Place = $state({ path: '', search: '' })
read()

function read(): void {
  const { pathname, search, hash } = window.location
  const meant = upgraded(search)
  if (meant !== search) window.history.replaceState(null, '', pathname + meant + hash)
  place.path = pathname
  place.search = meant
}

window.addEventListener('popstate', read)

export function path(): string {
  return place.path
}

/** Reactive on the whole query; what needs one key reads it with `param`. */
export function search(): string {
  return place.search
}

/**
 * @param how push: Back comes back here. replace: a step too small for that (typing, a slider, a column's order).
 */
export function navigate(href: string, how: 'push' | 'replace'): void {
  const url = new URL(href, window.location.href)
  const target = url.pathname + url.search + url.hash
  const changed = url.pathname !== place.path
  if (how === 'push' && target !== window.location.pathname + window.location.search + window.location.hash) {
    window.history.pushState(null, '', target)
  } else window.history.replaceState(null, '', target)
  read()
  if (changed) window.scrollTo(0, 0)
}

/** For the shell's root: links inside the program do not load the page anew. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const anchor = event.target instanceof Element ? event.target.closest('a') : null
  if (!anchor || anchor.target || anchor.hasAttribute('download') || anchor.origin !== window.location.origin) return
  if (anchor.pathname.startsWith('/api/') || anchor.getAttribute('href')?.startsWith('#')) return
  event.preventDefault()
  navigate(anchor.href, 'push')
}
