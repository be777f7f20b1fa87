import { protobufOfJson } from '../../storage/otlp-json.ts'
import { expectedOf, type Expected } from './expect.ts'
import { NotTaken, otlpOfJson, readJson } from './json-reader.ts'
import { jsonText, mutatedJson, mutatedText } from './mutate-json.ts'
import { newRandom } from './random.ts'
import { jsonSeeds } from './seeds.ts'
import type { Kind } from './fuzz.ts'

export const refused: Expected = { verdict: 'refused', rows: [], reasons: {}, sources: [] }

/** OTLP/JSON. */
export const otlpJson: Kind = {
  mutator(seed) {
    const seeds = jsonSeeds().map((request) => readJson(JSON.stringify(request)))
    return (i) => {
      const random = newRandom(seed, i, 1)
      let value = random.pick(seeds)
      for (let rounds = 1 + random.int(4); rounds > 0; rounds--) value = mutatedJson(value, random)
      const text = jsonText(value, random)
      return Buffer.from(random.oneIn(6) ? mutatedText(text, random) : text)
    }
  },
  expected(body) {
    try {
      return expectedOf(otlpOfJson(body.toString()))
    } catch (error) {
      if (error instanceof NotTaken) return refused
      throw error
    }
  },
  protobuf: (body) => protobufOfJson(body.toString()),
}
