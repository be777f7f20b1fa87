/** What the keys do on the map (ux "Keyboard map"). */
import type { Command } from '../shell/commands.svelte.ts'
import type { Fold } from './graph.ts'
import { walkKeys } from './walk.ts'

interface View {
  zoom(factor: number): void
  pan(dx: number, dy: number): void
  whole(): void
  focusSelection(): void
  walk(event: KeyboardEvent): boolean
  open(event: KeyboardEvent): boolean
}

interface Parts {
  /** undefined: the table is shown. */
  view: () => View | undefined
  find: () => void
  jumpHit: (by: 1 | -1) => boolean
  jumpError: (by: 1 | -1) => boolean
  folded: () => Fold
  fold: (to: Fold) => void
  toggleTable: () => void
  /** false: nothing is selected. */
  clear: () => boolean
}

const walkWords: Readonly<Record<(typeof walkKeys)[number], string>> = {
  ArrowRight: 'Along a link towards the leaf',
  ArrowLeft: 'Along a link towards the edge',
  ArrowDown: 'What is below',
  ArrowUp: 'What is above',
  Home: 'First node',
  End: 'Last node',
}

/** From nothing on the links to all as nodes. */
const byDetail: readonly Fold[] = ['none', 'gateways', 'all']

export function mapCommands(parts: Parts): Command[] {
  const group = 'Map'
  const onView = (run: (view: View, event: KeyboardEvent) => unknown) => (event: KeyboardEvent) => {
    const view = parts.view()
    return view ? run(view, event) : false
  }
  const refold = (by: 1 | -1) => () => {
    const to = byDetail[byDetail.indexOf(parts.folded()) + by]
    if (to) parts.fold(to)
  }
  return [
    ...walkKeys.map((keys) => ({
      keys,
      words: walkWords[keys],
      group,
      run: onView((view, event) => view.walk(event)),
    })),
    { keys: 'Enter', words: 'Open what is selected', group, run: onView((view, event) => view.open(event)) },
    { keys: 'Escape', words: 'Clear the selection', group, run: parts.clear },
    { keys: 'f', words: 'Selection into the middle', group, run: onView((view) => view.focusSelection()) },
    { keys: '0', words: 'Whole map', group, run: onView((view) => view.whole()) },
    { keys: 'w', words: 'Zoom in', group, run: onView((view) => view.zoom(1.3)) },
    { keys: 's', words: 'Zoom out', group, run: onView((view) => view.zoom(1 / 1.3)) },
    { keys: 'a', words: 'Move left', group, run: onView((view) => view.pan(0.15, 0)) },
    { keys: 'd', words: 'Move right', group, run: onView((view) => view.pan(-0.15, 0)) },
    { keys: 'A', words: 'Move far left', group, run: onView((view) => view.pan(0.6, 0)) },
    { keys: 'D', words: 'Move far right', group, run: onView((view) => view.pan(-0.6, 0)) },
    { keys: '[', words: 'Proxies out as nodes', group, run: refold(1) },
    { keys: ']', words: 'Proxies in on the links', group, run: refold(-1) },
    { keys: '/', words: 'Find hops', group, run: parts.find },
    { keys: 'n', words: 'Next hit', group, run: () => parts.jumpHit(1) },
    { keys: 'N', words: 'Hit before', group, run: () => parts.jumpHit(-1) },
    { keys: 'e', words: 'Next link with errors', group, run: () => parts.jumpError(1) },
    { keys: 'E', words: 'Link with errors before', group, run: () => parts.jumpError(-1) },
    { keys: 'v', words: 'Map or table', group, run: parts.toggleTable },
  ]
}
