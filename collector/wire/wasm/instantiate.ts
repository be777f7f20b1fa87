import { readFileSync } from 'node:fs'

/** The functions of `spans.ts`, its constants (where things are, what outcomes are called) and its memory, which never grows. */
export interface FastWasm {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly at: Readonly<Record<Constant, number>>
  seed(low: number, high: number): void
  truncate(rows: number, entries: number, valueBytes: number, extBytes: number, stateBytes: number): void
  beginRequest(generation: number, now: number): void
  setResource(low: number, high: number, service: number): void
  setScope(low: number, high: number): void
  shared(from: number, to: number, what: number): number
  remember(): number
  forgetShared(): void
  spans(from: number, to: number, epoch: number): number
  learn(bytes: number): number
  forget(): void
}

type Places = `${'trace' | 'span' | 'parent'}IdAt` | `${'start' | 'duration' | 'kind' | 'status' | 'flags'}At`
type Ids =
  `${'resource' | 'scope' | 'attrset' | 'service' | 'name' | 'entries' | 'key' | 'value' | 'ext' | 'traceState'}At`
type OfTemplate =
  `${'nameSize' | 'segmentCount' | 'keys' | 'attributes' | 'set' | 'epoch' | 'until' | 'generation' | 'nameIndex' | 'bytes' | 'segments'}Of`
type Constant =
  | Places
  | Ids
  | OfTemplate
  | ('finished' | 'left' | 'unknown' | 'unprepared')
  | (
      | 'maxRows'
      | 'maxBody'
      | 'maxRowAttributes'
      | 'maxShared'
      | 'bodyRoomBytes'
      | 'bodyRoomAt'
      | 'memoryEnd'
      | 'toldAt'
      | 'sharedToldAt'
      | 'bodyAt'
    )

// The library of ES2023 does not have it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: Record<string, unknown> }
  Global: new (...args: never[]) => { value: number }
}

let compiled: object | undefined

/** An instance with a memory of its own. */
export function instantiate(): FastWasm {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./spans.wasm', import.meta.url)))
  const { exports } = new WebAssembly.Instance(compiled)
  const at: Record<string, number> = {}
  for (const [name, value] of Object.entries(exports)) if (value instanceof WebAssembly.Global) at[name] = value.value
  return { ...exports, at } as unknown as FastWasm
}
