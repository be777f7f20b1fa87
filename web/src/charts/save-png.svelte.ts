import { downloadBlob, fileNameOf } from '../format/csv.ts'
import { pngOf } from '../format/png.ts'
import { useCommands } from '../shell/commands.svelte.ts'
import { say } from '../shell/toast.svelte.ts'

/** Call while a chart is set up: it can then be saved as a picture. @param node reactive, absent while there is nothing to see. */
export function usePng(title: () => string, node: () => HTMLElement | undefined): void {
  const save = async (chart: HTMLElement) => {
    try {
      downloadBlob(fileNameOf(`${document.title.replace(/ · hopscope$/, '')} ${title()}`, 'png'), await pngOf(chart))
      say(`${title()} saved as PNG`)
    } catch (error) {
      say(`${title()} could not be saved: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  useCommands(() => {
    const chart = node()
    if (!chart) return []
    return [
      { words: `Save picture of ${title().toLowerCase()}`, group: 'Copy', detail: 'PNG', run: () => void save(chart) },
    ]
  })
}
