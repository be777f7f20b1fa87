import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { evaluate, newWorld, runTo, firstMinute } from './world.ts'
import { nothing } from './traffic.ts'

const many = 2_000
const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heldMb = () => {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}

/**
 * CPU of an evaluation of one rule over 2,000 series, without reading them: of the first after a start, which has no placebos yet, and of the ones after it, medians and the
 * dearest of an hour (placebos are standardised anew once in it); and what is held of the series for it.
 */
export function costOfMany() {
  const before = heldMb()
  const world = newWorld(many, 7)
  const timed = (of: () => void) => {
    const started = cpuMs()
    of()
    return Math.round(cpuMs() - started)
  }
  const first = timed(() => evaluate(world))
  const later: number[] = []
  for (let at = 5; at <= 60; at += 5) {
    let inner = 0
    runTo(
      world,
      firstMinute + at,
      () => nothing,
      undefined,
      (evaluateNow) => (inner += timed(evaluateNow)),
    )
    later.push(inner)
  }
  later.sort((a, b) => a - b)
  return {
    series: many,
    firstEvaluationCpuMs: first,
    evaluationCpuMsP50: later[later.length >> 1],
    evaluationCpuMsMax: later.at(-1),
    heldMb: Math.round(heldMb() - before),
  }
}
