/** The way down to what the screen is about, at the left of the context bar: `‹ Hops`. */
export interface Crumb {
  readonly text: string
  readonly href?: string
}

let shown = $state.raw<readonly Crumb[]>([])

/** Call while a screen is set up; the crumbs go with the screen. */
export function useCrumbs(of: () => readonly Crumb[]): void {
  $effect.pre(() => {
    shown = of()
    return () => (shown = [])
  })
}

/** Reactive. */
export function crumbs(): readonly Crumb[] {
  return shown
}
