import { statfs, type FileHandle } from 'node:fs/promises'

/** How the log reaches the disk; tests put a full or broken one in its place. */
export interface Files {
  /** Writes all of the bytes at a position. */
  write(file: FileHandle, bytes: readonly Uint8Array[], position: number): Promise<void>
  /** Resolves when what was written would survive a loss of power. */
  sync(file: FileHandle): Promise<void>
  /** Bytes that are left on the disk. */
  free(directory: string): Promise<number>
}

export const realFiles: Files = {
  async write(file, bytes, position) {
    let left = bytes.filter((part) => part.length > 0)
    while (left.length > 0) {
      const { bytesWritten } = await file.writev(left, position)
      position += bytesWritten
      left = after(left, bytesWritten)
    }
  },
  sync: (file) => file.datasync(),
  async free(directory) {
    const { bavail, bsize } = await statfs(directory)
    return bavail * bsize
  },
}

/** The parts without their first `count` bytes. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = []
  for (const part of parts) {
    if (count < part.length) left.push(part.subarray(count))
    count = Math.max(0, count - part.length)
  }
  return left
}
