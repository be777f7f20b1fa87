/** Bytes of the largest file that the server reads (contract-import.ts, of which only types may come here). */
export const largestFile = 64 * 2 ** 20
