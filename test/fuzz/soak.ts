import { parseArgs } from 'node:util'
import { faultOf, fuzzOtlp } from './fuzz-otlp.ts'

/**
 * `npm run soak -- fuzz [--requests=10000000] [--seed=N] [--bodies=HEX,HEX]`: mutated requests without end; with `--bodies` those
 * that a failure printed. Ends with 1 when something differs from the specifications or memory grows.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    bodies: { type: 'string' },
  },
})
/** What may come on top of the memory after a tenth of the requests. */
const mayGrowBytes = 150 * 2 ** 20
const sayEvery = 100_000

if (values.bodies !== undefined) {
  const fault = faultOf(values.bodies.split(',').map((hex) => Buffer.from(hex, 'hex')))
  console.log(fault || 'no fault')
  process.exit(fault ? 1 : 0)
}

const seed = Number(values.seed)
const requests = Number(values.requests)
let early = 0
let late = 0
console.log(`seed ${seed}`)
const { counts, failure } = fuzzOtlp(seed, requests, (done) => {
  const { rss } = process.memoryUsage()
  if (done <= requests / 10) early = Math.max(early, rss)
  else late = Math.max(late, rss)
  if (done % sayEvery === 0) console.log(`${done} requests, ${Math.round(rss / 2 ** 20)} MB`)
})
console.log(JSON.stringify({ seed, ...counts, memoryMb: [early, late].map((bytes) => Math.round(bytes / 2 ** 20)) }))
if (failure) {
  console.log(failure.fault)
  console.log(`npm run soak -- fuzz --bodies=${failure.reproduction.join(',')}`)
  process.exitCode = 1
} else if (early > 0 && late > early + mayGrowBytes) {
  console.log('memory grows')
  process.exitCode = 1
}
