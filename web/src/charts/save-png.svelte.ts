import { downloadBlob, fileNameOf } from '../format/csv.ts'
import { pngOf } from '../format/png.ts'
import { useCommands } from '../shell/commands.svelte.ts'
import { say } from '../shell/toast.svelte.ts'

/** Call while a chart is set up: it can then be saved as a picture. @param node absent while there is nothing to see. */
export function usePng(title: () => string, node: () => HTMLElement | undefined): void {
  useCommands(() => [
    {
      words: `Save picture of ${title().toLowerCase()}`,
      group: 'Copy',
      detail: 'PNG',
      run: async () => {
        const chart = node()
        try {
          if (!chart) throw new Error('it is not on the page')
          downloadBlob(
            fileNameOf(`${document.title.replace(/ · hopscope$/, '')} ${title()}`, 'png'),
            await pngOf(chart),
          )
          say(`${title()} saved as PNG`)
        } catch (error) {
          say(`${title()} could not be saved: ${error instanceof Error ? error.message : String(error)}`)
        }
      },
    },
  ])
}
