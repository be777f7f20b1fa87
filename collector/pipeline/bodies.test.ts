import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Body, lendPlaces } from './bodies.ts'

/** A message of `size` bytes in parts of at most `part` bytes, as they come from a connection. */
function arrived(bytes: Buffer, part: number, announced = bytes.length): Body {
  const body = new Body(announced)
  for (let at = 0; at < bytes.length; at += part) body.add(Buffer.from(bytes.subarray(at, at + part)))
  return body
}

describe('a body', () => {
  it.each([
    [0, 10, 0],
    [1, 10, 1],
    [300_000, 65_536, 300_000],
    [300_000, 65_536, 0],
    [65_536, 65_536, 65_536],
    [5 * 2 ** 20 + 1, 65_536, 5 * 2 ** 20 + 1],
    // Announced, and the rest never came.
    [100_000, 10_000, 2 ** 26],
  ])('of %i bytes in parts of %i, %i announced, is what came', (size, part, announced) => {
    const bytes = randomBytes(size)
    const body = arrived(bytes, part, announced)
    expect([body.size, body.bytes().equals(bytes)]).toEqual([size, true])
    body.free()
    expect(body.size).toBe(0)
  })

  it('has its bytes to itself until it is freed, and its place is used again then', () => {
    const all = Array.from({ length: 20 }, () => randomBytes(200_000 + Math.floor(Math.random() * 50_000)))
    const bodies = all.map((bytes) => arrived(bytes, 64_000))
    expect(bodies.every((body, i) => body.bytes().equals(all[i]!))).toBe(true)
    const place = bodies[3]!.bytes().buffer
    bodies[3]!.free()
    bodies[3]!.free()
    const [next, other] = [arrived(all[0]!, 64_000), arrived(all[1]!, 64_000)]
    expect([next.bytes().buffer === place, other.bytes().buffer === place]).toEqual([true, false])
    expect(bodies.every((body, i) => i === 3 || body.bytes().equals(all[i]!))).toBe(true)
    expect([next.bytes().equals(all[0]!), other.bytes().equals(all[1]!)]).toEqual([true, true])
    for (const body of [...bodies, next, other]) body.free()
  })

  it('comes into places that are lent, as long as they are', () => {
    const memory = Buffer.alloc(3 * 2 ** 19).buffer
    const letGo = lendPlaces([0, 2 ** 19].map((at) => Buffer.from(memory, at, 2 ** 19)))
    const bytes = randomBytes(2 ** 19 - 5)
    const come = () => arrived(bytes, 64_000)
    const bodies = [come(), come(), come()]
    expect(bodies.map((body) => body.bytes().buffer === memory)).toEqual([true, true, false])
    expect(bodies.every((body) => body.bytes().equals(bytes))).toBe(true)
    bodies[0]!.free()
    const next = come()
    expect(next.bytes().buffer).toBe(memory)
    letGo()
    for (const body of [...bodies, next]) body.free()
    expect(come().bytes().buffer).not.toBe(memory)
  })

  it('takes no room for what is announced before an eighth of it has come', () => {
    const before = process.memoryUsage().arrayBuffers
    const bodies = Array.from({ length: 100 }, () => arrived(Buffer.alloc(1000), 1000, 4 * 2 ** 20))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20)
    for (const body of bodies) body.free()
  })
})
