/** Which columns of a table a reader wants to see. */
import { quantilesWith, type Quantile } from '../format/figure.ts'
import { isColumnShown, showColumn } from '../shell/layout.svelte.ts'
import type { Command } from '../shell/commands.svelte.ts'
import type { Column } from './table.ts'

type Choosable = Pick<Column<never>, 'key' | 'head' | 'choice'>

/** Reactive. @param table its name; without one its columns are no matter of choice. */
export function isVisible({ key, choice }: Choosable, table: string | undefined): boolean {
  return choice === undefined || table === undefined || isColumnShown(`${table}.${key}`, choice === 'on')
}

/** Of a column of one percentile. The median stays: a mean is never alone. A phone has room for the one that is chosen. */
export const choiceOf = (quantile: Quantile, chosen: Quantile): Pick<Column<never>, 'choice' | 'from'> => ({
  ...(quantile !== 'p50' && quantile !== chosen && { choice: quantilesWith(chosen).includes(quantile) ? 'on' : 'off' }),
  ...(quantile !== chosen && !(quantile === 'p50' && chosen === 'mean') && { from: 'tablet' }),
})

/** A switch for each column that can be left out. */
export function columnCommands(table: string, columns: readonly Choosable[]): Command[] {
  return columns.flatMap((column) =>
    column.choice === undefined
      ? []
      : [
          {
            words: `Column: ${column.head}`,
            group: 'Layout',
            isAlone: true,
            isOn: () => isVisible(column, table),
            run: () => showColumn(`${table}.${column.key}`, !isVisible(column, table)),
          },
        ],
  )
}
