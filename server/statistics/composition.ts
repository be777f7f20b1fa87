/** Means that add up, and their differences, with intervals. Integers of ns that add up as well. */
import { normalQuantile } from './student.ts'

interface Moments {
  readonly mean: number
  readonly meanSquare: number
}

/** Of some requests: their duration, and by class what of it is of that class. */
export interface MeanOf {
  readonly n: number
  /** Requests of equal weight that would know as much. */
  readonly effective: number
  readonly loNs: number
  readonly hiNs: number
  readonly total: Moments
  readonly classes: ReadonlyMap<string, Moments>
}

export interface SideTotal {
  readonly meanNs: number
  /** Shortest and longest of the requests. */
  readonly loNs: number
  readonly hiNs: number
}

export interface ClassPart {
  readonly class: string
  readonly aNs: number
  readonly bNs: number | null
  readonly diffNs: number | null
  /** 95 % of the difference; of one side alone, of its mean. */
  readonly loNs: number
  readonly hiNs: number
  readonly distinguishable: boolean
}

/** `aNs` of the classes add up to `a.meanNs`, `bNs` to `b.meanNs`, `diffNs` to their difference. Largest difference first. */
export function differenceOfMeans(
  a: MeanOf,
  b: MeanOf | null,
): { a: SideTotal; b: SideTotal | null; classes: ClassPart[] } {
  const names = [...new Set([...a.classes.keys(), ...(b?.classes.keys() ?? [])])]
  const [ofA, ofB] = [whole(a, names), b && whole(b, names)]
  const classes = names.map((name, i): ClassPart => {
    const variance = varianceOf(a, name) + (b ? varianceOf(b, name) : 0)
    const around = normalQuantile * Math.sqrt(variance)
    const value = b ? ofB![i]! - ofA[i]! : ofA[i]!
    const [loNs, hiNs] = [Math.round(value - around), Math.round(value + around)]
    return {
      ...{ class: name, aNs: ofA[i]!, bNs: ofB ? ofB[i]! : null, diffNs: b ? value : null, loNs, hiNs },
      distinguishable: b !== null && (loNs > 0 || hiNs < 0),
    }
  })
  const size = ({ aNs, diffNs }: ClassPart) => Math.abs(diffNs ?? aNs)
  const total = (side: MeanOf): SideTotal => ({
    ...{ meanNs: Math.round(side.total.mean), loNs: side.loNs, hiNs: side.hiNs },
  })
  return { a: total(a), b: b && total(b), classes: classes.sort((x, y) => size(y) - size(x)) }
}

const none: Moments = { mean: 0, meanSquare: 0 }

function varianceOf({ classes, effective }: MeanOf, name: string): number {
  const { mean, meanSquare } = classes.get(name) ?? none
  return effective > 0 ? Math.max(0, meanSquare - mean * mean) / effective : 0
}

/** Rounded so that they add up to the rounded total: what rounding leaves goes to the largest remainders. */
function whole({ classes, total }: MeanOf, names: readonly string[]): number[] {
  const exact = names.map((name) => (classes.get(name) ?? none).mean)
  const floors = exact.map(Math.floor)
  const left = Math.round(total.mean) - floors.reduce((sum, value) => sum + value, 0)
  const byRemainder = exact.map((_, i) => i).sort((i, j) => exact[j]! - floors[j]! - (exact[i]! - floors[i]!))
  byRemainder.slice(0, Math.max(0, left)).forEach((i) => floors[i]!++)
  return floors
}
