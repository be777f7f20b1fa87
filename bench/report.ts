import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'

/** What every benchmark prints: its figures, and the machine they are of. `--json FILE` also writes them there. */
export async function report(name: string, figures: Record<string, unknown>): Promise<void> {
  const machine = { node: process.version, cpus: cpus().length, model: cpus()[0]?.model ?? '' }
  console.log(JSON.stringify({ bench: name, ...figures, machine }, null, 2))
  const flag = process.argv.findIndex((word) => word === '--json' || word.startsWith('--json='))
  const file = process.argv[flag]?.split('=')[1] ?? (flag > 0 ? process.argv[flag + 1] : undefined)
  if (file) await writeFile(file, JSON.stringify({ bench: name, ...figures, machine }, null, 2) + '\n')
}

/** Middle value; of an even number the upper middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** To hundredths, as figures are printed. */
export const round = (ms: number): number => Math.round(ms * 100) / 100
