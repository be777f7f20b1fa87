/**
 * How a reader has laid out each screen: density, columns of its tables, widths of its panels. Kept in localStorage a screen, forgotten
 * by the reset command.
 */
import { matchRoute } from '../routes.ts'
import { path } from '../url/router.svelte.ts'
import type { Command } from './commands.svelte.ts'
import { forget, store, stored } from './storage.ts'

interface Layout {
  readonly compact?: boolean
  /** `hops.errors`: whether that column is shown; what is not here is as the table wants it. */
  readonly columns: Readonly<Record<string, boolean>>
  /** px by panel. */
  readonly sizes: Readonly<Record<string, number>>
}

const standard: Layout = { columns: {}, sizes: {} }
const layouts: Record<string, Layout> = $state({})

const screen = (): string => matchRoute(path())?.route.screen ?? ''

function layout(): Layout {
  const name = screen()
  return layouts[name] ?? read(name)
}

function read(name: string): Layout {
  try {
    const { compact, columns, sizes } = JSON.parse(stored(`layout.${name}`) ?? '{}') as Partial<Layout>
    return { ...(compact === true && { compact }), columns: columns ?? {}, sizes: sizes ?? {} }
  } catch {
    return standard
  }
}

function change(changes: Partial<Layout>): void {
  const name = screen()
  layouts[name] = { ...layout(), ...changes }
  store(`layout.${name}`, JSON.stringify(layouts[name]))
}

/** Reactive. */
export const isCompact = (): boolean => layout().compact === true

/** Reactive. @param key of the table and the column: `hops.errors`. */
export const isColumnShown = (key: string, otherwise: boolean): boolean => layout().columns[key] ?? otherwise

export const showColumn = (key: string, isShown: boolean): void =>
  change({ columns: { ...layout().columns, [key]: isShown } })

/** Reactive: `412px`; undefined while the panel is as wide as the screen makes it. */
export const sizeOf = (panel: string): string | undefined => {
  const px = layout().sizes[panel]
  return px === undefined ? undefined : `${px}px`
}

export const setSize = (panel: string, px: number): void => change({ sizes: { ...layout().sizes, [panel]: px } })

export function resetSize(panel: string): void {
  const { [panel]: _, ...sizes } = layout().sizes
  change({ sizes })
}

export const layoutCommands: readonly Command[] = [
  ...[false, true].map((compact) => ({
    words: compact ? 'Rows: compact' : 'Rows: roomy',
    group: 'Layout',
    isOn: () => isCompact() === compact,
    run: () => change({ compact }),
  })),
  {
    words: 'Reset the layout of this screen',
    group: 'Layout',
    run: () => {
      const name = screen()
      forget(`layout.${name}`)
      layouts[name] = standard
    },
  },
]
