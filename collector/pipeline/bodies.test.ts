import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Body, lendRoom } from './bodies.ts'

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

  it('has its bytes to itself until it is freed, and its room is used again then', () => {
    const memory = Buffer.alloc(2 ** 24)
    const letGo = lendRoom(memory)
    const all = Array.from({ length: 60 }, (_, i) =>
      randomBytes(70_000 + Math.floor(Math.random() * 2 ** (12 + (i % 10)))),
    )
    const bodies = all.map((bytes) => arrived(bytes, 64_000))
    expect(bodies.every((body, i) => body.bytes().equals(all[i]!))).toBe(true)
    const { byteOffset } = bodies[3]!.bytes()
    bodies[3]!.free()
    bodies[3]!.free()
    const [next, other] = [arrived(all[3]!, 64_000), arrived(all[3]!, 64_000)]
    expect(next.bytes().byteOffset).toBe(byteOffset)
    expect(other.bytes().byteOffset).not.toBe(byteOffset)
    expect(bodies.every((body, i) => i === 3 || body.bytes().equals(all[i]!))).toBe(true)
    expect([next, other].map((body) => body.bytes().equals(all[3]!))).toEqual([true, true])
    for (const body of [...bodies, next, other]) body.free()
    // All of it is free again.
    expect(arrived(all[0]!, 64_000).bytes().byteOffset).toBe(memory.byteOffset)
    letGo()
  })

  it('comes into room that is lent, as long as it is and there is some', () => {
    const memory = Buffer.alloc(3 * 2 ** 19)
    const letGo = lendRoom(memory)
    const bytes = randomBytes(2 ** 20 - 5)
    const come = () => arrived(bytes, 64_000)
    const within = (body: Body) => body.bytes().buffer === memory.buffer
    const bodies = [come(), come()]
    expect(bodies.map(within)).toEqual([true, false])
    expect(bodies.every((body) => body.bytes().equals(bytes))).toBe(true)
    bodies[0]!.free()
    const next = come()
    expect(within(next)).toBe(true)
    letGo()
    for (const body of [...bodies, next]) body.free()
    expect(within(come())).toBe(false)
  })

  it.each([9 * 2 ** 20 + 1, 0])(
    'that is large lies in pieces and takes the room of what has come, of %i bytes announced',
    (announced) => {
      const memory = Buffer.alloc(16 * 2 ** 20)
      const letGo = lendRoom(memory)
      const bytes = randomBytes(9 * 2 ** 20 + 1)
      const scratch = Buffer.alloc(10 * 2 ** 20)
      // Three that come together, a third of each: they fit, and all of two would not.
      const bodies = [0, 1, 2].map(() => arrived(bytes.subarray(0, 3 * 2 ** 20), 60_000, announced))
      const outside = process.memoryUsage().arrayBuffers
      for (const body of bodies) {
        const whole = body.bytes(scratch)
        expect([whole.buffer === scratch.buffer, whole.equals(bytes.subarray(0, 3 * 2 ** 20))]).toEqual([true, true])
      }
      expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(outside + 2 ** 16)
      bodies[0]!.free()
      bodies[1]!.free()
      for (let at = 3 * 2 ** 20; at < bytes.length; at += 60_000)
        bodies[2]!.add(Buffer.from(bytes.subarray(at, at + 60_000)))
      expect(bodies[2]!.bytes(scratch).equals(bytes)).toBe(true)
      // Too large for the scratch, or none: put together in memory of its own.
      const whole = bodies[2]!.bytes(Buffer.alloc(10))
      expect([whole.equals(bytes), bodies[2]!.size]).toEqual([true, bytes.length])
      scratch.fill(0)
      expect(bodies[2]!.bytes().equals(bytes)).toBe(true)
      bodies[2]!.free()
      letGo()
    },
  )

  it('takes no room for what is announced before an eighth of it has come', () => {
    const before = process.memoryUsage().arrayBuffers
    const bodies = Array.from({ length: 100 }, () => arrived(Buffer.alloc(1000), 1000, 4 * 2 ** 20))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20)
    for (const body of bodies) body.free()
  })
})
