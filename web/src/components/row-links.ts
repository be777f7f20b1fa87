/**
 * Moves the focus to the link of the row `by` rows on, the first one where none has it, and brings it into sight.
 * @returns false at the end of the rows.
 */
export function stepRowLink(list: HTMLElement | undefined, by: 1 | -1): boolean {
  const links = [...(list?.querySelectorAll<HTMLAnchorElement>('tbody a') ?? [])]
  const at = links.findIndex((link) => link === document.activeElement)
  const next = links[at < 0 ? 0 : at + by]
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
  return next !== undefined
}
