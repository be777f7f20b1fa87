/** A duration of ns as text: `1.2 ms`, two digits that matter below a hundred. */
export function durationInWords(ns: number): string {
  const [value, unit] = ns >= 1e9 ? [ns / 1e9, 's'] : ns >= 1e6 ? [ns / 1e6, 'ms'] : [ns / 1e3, 'µs']
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${unit}`
}
