import { parseArgs } from 'node:util'
import { brokenTree, randomIntegers, randomTree } from '../test/random-trees.ts'
import { violationsOf } from '../test/invariants.ts'
import { report } from './report.ts'

/**
 * A million random trees (`--count=N`), one seed each from `--seed=N` (default 1) on, every other one broken as senders break
 * traces: what their analysis breaks of I1-I3 of D7, of sums and of bounds. Exit 1 when anything is broken.
 */
const { values } = parseArgs({
  options: { count: { type: 'string' }, seed: { type: 'string' }, json: { type: 'string' } },
})
const count = Number(values.count ?? 1_000_000)
const first = Number(values.seed ?? 1)
const settings = [
  { networkRttNs: 0 },
  { networkRttNs: null, wire: () => 50_000, offset: () => ({ theta: 1_000, epsilon: 20_000 }) },
]

const broken: string[] = []
let wrong = 0
let spans = 0
for (let seed = first; seed < first + count; seed++) {
  const trace = (seed % 2 === 0 ? brokenTree : randomTree)(randomIntegers(seed))
  spans += trace.spans.length
  const violations = violationsOf(trace, settings[(seed >> 1) % 2]!)
  if (violations.length === 0) continue
  wrong++
  if (broken.length < 20) broken.push(`seed ${seed}: ${violations.join('; ')}`)
}
for (const line of broken) console.error(line)
await report('trees', { trees: count, spans, seeds: `${first} to ${first + count - 1}`, treesWithViolations: wrong })
if (wrong > 0) process.exitCode = 1
