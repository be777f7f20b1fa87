/** What is this reader's own, in localStorage. It may be forbidden; what was chosen then lasts as long as the page. */
const nameOf = (key: string) => `hopscope.${key}`

export function stored(key: string): string | null {
  try {
    return localStorage.getItem(nameOf(key))
  } catch {
    return null
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(nameOf(key))
  } catch {
    // There is nothing kept.
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(nameOf(key), value)
  } catch {
    // It lasts as long as the page.
  }
}
