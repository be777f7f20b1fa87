import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Overloaded } from '../pipeline/admission.ts'
import { Body, lendRoom } from '../pipeline/bodies.ts'
import { BadBody, inflated, maxInflatedBytes } from './body.ts'

/** Text that deflates to about a tenth. */
const made = (size: number): Buffer =>
  Buffer.from(Array.from({ length: Math.ceil(size / 10) }, (_, i) => `${i % 9973} `.padEnd(10)).join('')).subarray(
    0,
    size,
  )

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)

describe('a compressed body', () => {
  it.each([
    ['gzip', 0],
    ['gzip', 100_000],
    ['gzip', 9 * 2 ** 20 + 3],
    ['deflate', 9 * 2 ** 20 + 3],
  ])('is what it was before, by %s, of %i bytes, and tells them as they come', async (encoding, size) => {
    const bytes = made(size)
    const sent = encoding === 'gzip' ? gzipSync(bytes) : deflateSync(bytes)
    const grown: number[] = []
    const body = await inflated(sent, encoding, (n) => grown.push(n))
    expect([body.size, body.bytes().equals(bytes), sum(grown)]).toEqual([size, true, size])
    if (encoding === 'gzip' && size > 2 ** 21) expect(grown.length).toBeGreaterThan(10)
  })

  it('comes no further than there is room, cut off, broken or a bomb, and leaves nothing behind', async () => {
    const memory = Buffer.alloc(12 * 2 ** 20)
    const letGo = lendRoom(memory)
    const bytes = made(8 * 2 ** 20)
    const sent = gzipSync(bytes)
    let come = 0
    const full = (n: number) => {
      if ((come += n) > 3 * 2 ** 20) throw new Overloaded()
    }
    await expect(inflated(sent, 'gzip', full)).rejects.toBeInstanceOf(Overloaded)
    expect(come).toBeLessThan(4 * 2 ** 20)
    await expect(inflated(sent.subarray(0, -9), 'gzip', () => {})).rejects.toMatchObject({ status: 400 })
    const broken = Buffer.from(sent)
    broken.fill(0xff, broken.length / 2, broken.length / 2 + 100)
    await expect(inflated(broken, 'gzip', () => {})).rejects.toMatchObject({ status: 400 })
    const bomb = gzipSync(Buffer.alloc(maxInflatedBytes + 1))
    await expect(inflated(bomb, 'gzip', () => {})).rejects.toMatchObject({ status: 413 })
    await expect(inflated(sent, 'br', () => {})).rejects.toBeInstanceOf(BadBody)
    // Many at a time, and all of the room is free for another.
    const whole = await Promise.all(Array.from({ length: 8 }, () => inflated(sent, 'gzip', () => {})))
    expect(whole.every((body) => body.bytes(Buffer.alloc(bytes.length)).equals(bytes))).toBe(true)
    for (const body of whole) body.free()
    const next = new Body(2 * 2 ** 20)
    for (const half of [bytes.subarray(0, 2 ** 20), bytes.subarray(0, 2 ** 20)]) next.add(half)
    expect(next.bytes().byteOffset - memory.byteOffset).toBe(0)
    next.free()
    letGo()
  })
})
