/** Who of those that readings came of is an instance that requests went through, and what it took for each of them. */
import { groupBy } from '../statistics/group-by.ts'
import type { UsagePart, UsageSlot } from '../statistics/usage.ts'

/** Requests of a cohort through an instance of a proxy; '': through any of its instances. */
export interface Through {
  readonly proxy: string
  readonly instance: string
  readonly n: number
}

/** All requests through an instance: stretches of time, and how many in each. */
export interface Handled {
  readonly proxy: string
  readonly instance: string
  readonly family: string
  readonly role: string
  readonly slots: readonly number[]
  readonly counts: readonly number[]
}

/** What a process or container took in a stretch of time: CPU seconds, or bytes of memory. */
export interface Used {
  readonly kind: 'cpu' | 'memory'
  readonly source: 'container' | 'process' | 'pod'
  readonly program: string
  readonly names: readonly string[]
  readonly slot: number
  readonly used: number
  /** Part of the stretch that readings cover. */
  readonly covered: number
}

interface ByKind<T> {
  readonly cpu: T
  readonly memory: T
}

export interface ProxyUsage {
  readonly id: string
  /** Times that a request of the cohort goes through it. */
  readonly passes: number
  readonly instances: number
  /** Its instances by name. */
  readonly workers: readonly string[]
  /** Share of its passes through instances with readings. */
  readonly known: ByKind<number>
  /** Of those instances; their passes add up to those of the proxy. Memory in byte seconds. */
  readonly parts: ByKind<readonly UsagePart[]>
  /** Bytes, of all its instances with readings; null without any. */
  readonly ofInstances: number | null
}

/** Readings that cover less of a stretch of time tell nothing of it. */
const leastCovered = 0.9

/** By which program proxies of a family run. */
const programs: Readonly<Record<string, string>> = { kong: 'nginx', apisix: 'nginx' }
const programOf = (family: string) => programs[family] ?? family

interface Worker {
  readonly slots: ByKind<ReadonlyMap<number, number>>
}

export function partsOf(asked: {
  readonly through: readonly Through[]
  readonly handled: readonly Handled[]
  readonly used: readonly Used[]
  /** Of the cohort. */
  readonly requests: number
  readonly slotSeconds: number
}): ProxyUsage[] {
  const { through, handled, requests, slotSeconds } = asked
  const ofInstance = groupBy(handled, ({ instance }) => instance)
  const ofProxy = groupBy(handled, ({ proxy }) => proxy)
  const find = finder(asked.used, slotSeconds)
  const workers = new Map([...ofInstance].map(([instance, rows]) => [instance, find(instance, rows)]))
  return [...groupBy(through, ({ proxy }) => proxy)]
    .map(([id, rows]): ProxyUsage => {
      const own = spread(rows, ofProxy.get(id) ?? [])
      const n = sum(own.values())
      const kind = (of: keyof ByKind<unknown>) => {
        const parts = [...own].flatMap(([instance, through]) => {
          const slots = slotsOf(ofInstance.get(instance) ?? [], workers.get(instance)?.slots[of])
          return slots ? [{ through, slots }] : []
        })
        const told = parts.reduce((all, part) => all + part.through, 0)
        // Instances without readings take as much as those with them.
        return {
          known: n > 0 ? told / n : 0,
          parts: parts.map((part) => ({ passes: (part.through / told) * (n / requests), slots: part.slots })),
        }
      }
      const [cpu, memory] = [kind('cpu'), kind('memory')]
      const held = [...own.keys()].flatMap((instance) => {
        const slots = workers.get(instance)?.slots.memory
        return slots && slots.size > 0 ? [sum(slots.values()) / slots.size / slotSeconds] : []
      })
      return {
        ...{ id, passes: n / requests, instances: own.size, workers: [...own.keys()] },
        known: { cpu: cpu.known, memory: memory.known },
        parts: { cpu: cpu.parts, memory: memory.parts },
        ofInstances: held.length > 0 ? sum(held) : null,
      }
    })
    .sort((x, y) => y.passes - x.passes || (x.id < y.id ? -1 : 1))
}

/** Requests by instance; those of which only the proxy is known, by what its instances handled. */
function spread(rows: readonly Through[], handled: readonly Handled[]): Map<string, number> {
  const own = new Map<string, number>()
  const each = handled.map(({ instance, counts }) => ({ instance, n: sum(counts) }))
  const all = sum(each.map(({ n }) => n))
  const add = (instance: string, n: number) => own.set(instance, (own.get(instance) ?? 0) + n)
  for (const { instance, n } of rows)
    if (instance !== '') add(instance, n)
    else for (const one of each) add(one.instance, (n * one.n) / all)
  return own
}

/** Stretches of time that readings cover; undefined where no request went through it in any. */
function slotsOf(handled: readonly Handled[], used: ReadonlyMap<number, number> | undefined): UsageSlot[] | undefined {
  if (!used || used.size === 0) return undefined
  const requests = new Map<number, number>()
  for (const { slots, counts } of handled)
    slots.forEach((slot, i) => requests.set(slot, (requests.get(slot) ?? 0) + counts[i]!))
  const slots = [...used].map(([slot, one]) => ({ slot, used: one, handled: requests.get(slot) ?? 0 }))
  return slots.some(({ handled }) => handled > 0) ? slots : undefined
}

/**
 * Finds the readings of an instance. It is called by one of the names of their resource, or has it as a part of its name, as Envoy's
 * node id `sidecar~10.0.0.1~cart-7d9f-abcde.shop~shop.svc` has the pod.
 */
function finder(used: readonly Used[], slotSeconds: number) {
  const byName = new Map<string, Used[]>()
  for (const one of used)
    for (const name of one.names) {
      const known = byName.get(name)
      if (known) known.push(one)
      else byName.set(name, [one])
    }
  return (instance: string, rows: readonly Handled[]): Worker => {
    const program = programOf(rows[0]!.family)
    // A pod has the application beside a sidecar.
    const sources = rows.some(({ role }) => role.startsWith('sidecar')) ? ordered.slice(0, 2) : ordered
    const fits = (one: Used) =>
      sources.includes(one.source) && (one.program === '' || program === '' || one.program === program)
    const names = new Set([instance, ...instance.split(/[~ ]/).flatMap((part) => [part, part.split('.')[0]!])])
    const found = [...new Set([...names].flatMap((name) => byName.get(name) ?? []))].filter(fits)
    const best = (kind: Used['kind']) => {
      const own = found.filter((one) => one.kind === kind)
      const source = sources.find((source) => own.some((one) => one.source === source))
      const slots = new Map<number, number>()
      for (const one of own)
        if (one.source === source && one.covered >= leastCovered) {
          const value = kind === 'cpu' ? one.used / Math.min(1, one.covered) : one.used * slotSeconds
          slots.set(one.slot, (slots.get(one.slot) ?? 0) + value)
        }
      return slots
    }
    return { slots: { cpu: best('cpu'), memory: best('memory') } }
  }
}

/** The best first: what a container takes is all of it, without what else runs in its pod. */
const ordered = ['container', 'process', 'pod'] as const

const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0)
