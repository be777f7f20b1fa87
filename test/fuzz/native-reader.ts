/** Reads blocks of ClickHouse's Native format as ClickHouse does: to see what would be stored. */
export type Cell = bigint | Buffer | [Buffer, Buffer][]

/** Columns by name, values by row. */
export function readBlock(block: Buffer): Map<string, Cell[]> {
  const [found, ...others] = readBlocks(block)
  if (!found || others.length > 0) throw new Error('bytes after the block')
  return found
}

/** Of blocks one after the other. */
export function readBlocks(bytes: Buffer): Map<string, Cell[]>[] {
  const blocks: Map<string, Cell[]>[] = []
  for (let at = 0; at < bytes.length;) {
    const { found, size } = blockAt(bytes.subarray(at))
    blocks.push(found)
    at += size
  }
  return blocks
}

function blockAt(block: Buffer): { found: Map<string, Cell[]>; size: number } {
  let at = 0
  const take = (n: number): Buffer => {
    if (at + n > block.length) throw new Error('the block is cut off')
    return block.subarray(at, (at += n))
  }
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = take(1)[0]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  const integer = (width: number): bigint => {
    const bytes = take(width)
    return width === 8 ? bytes.readBigUInt64LE() : BigInt(bytes.readUIntLE(0, width))
  }
  const times = <T>(n: number, read: () => T): T[] => Array.from({ length: n }, read)
  const string = (): Buffer => take(varint())
  const lowCardinality = (rows: number): Buffer[] => {
    if (rows === 0) return []
    const flags = Number(integer(8))
    if (flags >> 8 !== 6) throw new Error(`flags ${flags} of a dictionary`)
    const words = times(Number(integer(8)), string)
    if (Number(integer(8)) !== rows) throw new Error('rows of a dictionary')
    const width = [1, 2, 4][flags & 0xff]!
    return times(rows, () => {
      const word = words[Number(integer(width))]
      if (!word) throw new Error('no such word')
      return word
    })
  }
  const widths: Record<string, number> = { UInt8: 1, UInt32: 4, UInt64: 8, Int64: 8 }
  const read = (type: string, rows: number): Cell[] => {
    const width = widths[type] ?? (type.startsWith('DateTime64') ? 8 : type.startsWith('DateTime') ? 4 : 0)
    if (width > 0) return times(rows, () => integer(width))
    const fixed = /^FixedString\((\d+)\)$/.exec(type)
    if (fixed) return times(rows, () => take(Number(fixed[1])))
    if (type === 'String') return times(rows, string)
    if (type.includes('LowCardinality') && integer(8) !== 1n) throw new Error('version of a dictionary')
    if (type === 'LowCardinality(String)') return lowCardinality(rows)
    if (type !== 'Map(LowCardinality(String), String)') throw new Error(`type ${type}`)
    const ends = times(rows, () => Number(integer(8)))
    const entries = ends.at(-1) ?? 0
    const keys = lowCardinality(entries)
    const values = times(entries, string)
    return ends.map((end, i) => {
      const begin = i === 0 ? 0 : ends[i - 1]!
      return keys.slice(begin, end).map((key, n): [Buffer, Buffer] => [key, values[begin + n]!])
    })
  }
  const columns = varint()
  const rows = varint()
  const found = new Map<string, Cell[]>()
  for (let i = 0; i < columns; i++) {
    const name = string().toString()
    const type = string().toString()
    found.set(name, rows === 0 ? [] : read(type, rows))
  }
  return { found, size: at }
}
