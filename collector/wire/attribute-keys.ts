import { ByteDictionary } from '../../storage/byte-dictionary.ts'
import { tableHash } from '../../storage/hash.ts'
import { viewOf } from '../../storage/protobuf.ts'

/**
 * Which attributes of a span are interned as a set (few distinct values over many spans) and which stay in the row.
 * Every key begins as interned unless it is known better, and leaves the sets for good once its values prove many:
 * a set that is seen once costs more than the attribute in its row.
 */

/** Keys whose values differ from request to request. */
const perRequest =
  `guid:x-request-id http.request.header.x-request-id http.request_id request_id request.id x-request-id
  http.url url.full url.path url.query http.target http.path
  request_size response_size http.request_content_length http.response_content_length
  http.request.body.size http.response.body.size http.request.size http.response.size http.wrote_bytes http.read_bytes
  upstream_address upstream_host net.peer.port net.sock.peer.port network.peer.port client.port peer.port thread.id
  db.statement db.query.text messaging.message.id messaging.message_id enduser.id user.id session.id
  messaging.message.body.size rpc.message.id lab.id`.split(/\s+/)

export interface AttributeKeyLimits {
  /** Keys that are told apart; further ones stay in the row. */
  keys: number
  /** Distinct values of one key in one window before it leaves the sets. */
  valuesPerKey: number
  /** New sets in one window before the key with most values leaves them. */
  sets: number
}

export const defaultKeyLimits: AttributeKeyLimits = { keys: 4096, valuesPerKey: 500, sets: 100_000 }

export class AttributeKeys {
  private readonly limits: AttributeKeyLimits
  private readonly dictionary = new ByteDictionary()
  /** By number of key: 1 when it left the sets. */
  private readonly inRow: Uint8Array
  /** By number of key: hashes of the values seen in this window. */
  private readonly values = new Map<number, Set<number>>()
  private newSets = 0
  /** Keys that left the sets. */
  left = 0

  constructor(limits: AttributeKeyLimits = defaultKeyLimits) {
    this.limits = limits
    this.inRow = new Uint8Array(limits.keys + perRequest.length)
    for (const key of perRequest) {
      const bytes = Buffer.from(key)
      this.inRow[this.dictionary.indexOf(viewOf(bytes), 0, bytes.length)] = 1
    }
  }

  /** Whether the attribute with this key is part of the interned set. */
  isInterned(source: DataView, from: number, to: number): boolean {
    const full = this.dictionary.size >= this.inRow.length
    const key = full ? this.dictionary.find(source, from, to) : this.dictionary.indexOf(source, from, to)
    return key >= 0 && this.inRow[key] === 0
  }

  /** Learns from the keys and values of a set that was never seen before. */
  learn(set: Iterable<readonly [key: string, value: string]>): void {
    this.newSets++
    for (const [name, value] of set) {
      const bytes = Buffer.from(name)
      const key = this.dictionary.find(viewOf(bytes), 0, bytes.length)
      if (key < 0) continue
      let values = this.values.get(key)
      if (!values) this.values.set(key, (values = new Set()))
      const text = Buffer.from(value)
      values.add(tableHash(viewOf(text), 0, text.length))
      if (values.size > this.limits.valuesPerKey) this.leaveSets(key)
    }
    if (this.newSets <= this.limits.sets) return
    this.newSets = 0
    const most = [...this.values].sort((a, b) => b[1].size - a[1].size)[0]
    if (most) this.leaveSets(most[0])
  }

  private leaveSets(key: number): void {
    this.inRow[key] = 1
    this.left++
    this.values.delete(key)
  }

  /** Begins a new window: what was counted is forgotten, what left the sets stays out. */
  nextWindow(): void {
    this.newSets = 0
    this.values.clear()
  }
}
