/** Comparing with the period of equal length before: a switch of the whole page that goes along to other screens, `vs=before`. */
import { untrack } from 'svelte'
import { msOf } from '../format/time.ts'
import { param, setParams } from '../url/state.svelte.ts'
import type { Range } from './range.ts'

let obeyed = $state(0)

/** Call while a screen is set up that obeys the switch: the context bar then offers it. */
export function useComparing(): void {
  $effect.pre(() => {
    untrack(() => obeyed++)
    return () => obeyed--
  })
}

/** Reactive. */
export function canCompare(): boolean {
  return obeyed > 0
}

/** Reactive. */
export function isComparing(): boolean {
  return param('vs') === 'before'
}

export function toggleComparing(): void {
  setParams({ vs: isComparing() ? null : 'before' }, 'push')
}

/** The period before a window that the server has read; its own words for it, so that the two touch and are equally long. */
export function rangeBefore({ from, to }: { from: string; to: string }): Range {
  const [fromMs, toMs] = [msOf(from), msOf(to)]
  return { from: String(fromMs - (toMs - fromMs)), to: String(fromMs) }
}
