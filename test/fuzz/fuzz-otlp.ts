import { expectedOf } from './expect.ts'
import type { Kind } from './fuzz.ts'
import { collectDonors, mutatedBytes, mutatedTree, type Donors } from './mutate-protobuf.ts'
import { bytesOf, exportRequest, treeOf, type MessageType } from './proto-tree.ts'
import { newRandom } from './random.ts'
import { protobufSeeds } from './seeds.ts'

/** Mutations of these messages: most of their structure, some of any byte; a few stay as they are. */
export function protobufMutator(seeds: readonly Buffer[], type: MessageType, seed: number): (i: number) => Buffer {
  const trees = seeds.map((body) => treeOf(body, type))
  const donors: Donors = new Map()
  for (const tree of trees) collectDonors(tree, type, donors)
  return (i) => {
    const random = newRandom(seed, i)
    let tree = random.pick(trees)
    if (random.oneIn(20)) return bytesOf(tree)
    for (let rounds = 1 + random.int(4); rounds > 0; rounds--) tree = mutatedTree(tree, type, donors, random)
    const body = bytesOf(tree)
    return random.oneIn(8) ? mutatedBytes(body, random) : body
  }
}

/** OTLP in protobuf. */
export const otlp: Kind = {
  mutator: (seed) => protobufMutator(protobufSeeds(), exportRequest, seed),
  expected: expectedOf,
  protobuf: (body) => body,
  type: exportRequest,
}
