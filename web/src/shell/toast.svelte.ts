/** One short message at the foot of the page: what was copied, what could not be done. */
const state = $state({ text: '' })
let timer: ReturnType<typeof setTimeout> | undefined

export function say(text: string): void {
  state.text = text
  clearTimeout(timer)
  timer = setTimeout(() => (state.text = ''), 3_000)
}

/** Reactive; `''` when there is nothing to say. */
export function toast(): string {
  return state.text
}
