/** By how much minutes that depend on each other waver more than blocks of them, drawn again, say. */
import { blockMinutes } from './minutes.ts'

export interface Wavering {
  /** Factor of the variance, for each reading; below 1 where nothing wavers. */
  readonly inflation: readonly number[]
  /** Blocks drawn again of so few waver less than they do: the factor that it takes. */
  readonly fewBlocks: number
  readonly blocks: number
  readonly stretches: number
}

/**
 * By how much more a side's own stretches differ from each other than blocks of five minutes let expect (the placebo of section
 * 8.1: nothing happened between them).
 *
 * The variance of a mean over L minutes, times L, comes near what it is over many as S (1 - c / L) where a minute hangs on those
 * before it less and less: two lengths tell S. Stretches of a quarter of an hour alone leave a tenth of it out.
 * @param blocks readings of each block of five minutes. @param stretches likewise.
 */
export function waveringOf(
  { minutes, stretch }: Cuts,
  blocks: readonly (readonly number[])[],
  stretches: readonly (readonly number[])[],
  readings: number,
): Wavering {
  const beyond = stretch > blockMinutes ? blockMinutes / (stretch - blockMinutes) : 0
  const inflation = Array.from({ length: readings }, (_, i) => {
    const short = variance(blocks.map((one) => one[i]!))
    const long = variance(stretches.map((one) => one[i]!))
    if (short <= 0 || long <= 0) return 1
    const ratio = (long * (stretch / blockMinutes)) / short
    return ratio + (ratio - 1) * beyond
  })
  const fewBlocks = minutes > blockMinutes ? minutes / (minutes - blockMinutes) : 1
  return { inflation, fewBlocks, blocks: blocks.length, stretches: stretches.length }
}

/** How a side of so many minutes is cut to see how much it wavers: into blocks, and into stretches of so many minutes, whole blocks each. */
export interface Cuts {
  readonly minutes: number
  readonly stretch: number
}

export const cutsOf = (minutes: number): Cuts => ({
  minutes,
  stretch: Math.max(1, Math.floor(stretchOf(minutes) / blockMinutes)) * blockMinutes,
})

/** Long enough that neighbours hardly depend on each other, and short enough for three at least. */
const stretchOf = (minutes: number): number => Math.min(minutes / 3, Math.max(15, minutes / 12))

function variance(values: readonly number[]): number {
  const told = values.filter((value) => !Number.isNaN(value))
  if (told.length < 2) return 0
  const mean = told.reduce((sum, value) => sum + value, 0) / told.length
  return told.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (told.length - 1)
}
