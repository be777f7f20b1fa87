/**
 * The rows of the waterfall. Applications are rows of their own; what lies between two of them (the caller's client span
 * and every proxy) is folded into one row for the hop, whose proxies and attempts come out when it is opened.
 *
 *   app checkout
 *     hop -> cart          opens to: sidecar of checkout, sidecar of cart
 *       app cart           beside the hop in the tree, so that folding the hop never hides it; drawn one step in
 */
import { attemptsOf, isFailedAttempt } from './pieces.ts'
import { isOrphan, type TraceIndex, type TraceSpan } from './index.ts'
import type { WireHop, WireProxy } from './wire.ts'

export type RowKind = 'app' | 'external' | 'gateway' | 'hop' | 'proxy' | 'upstream' | 'attempt' | 'stages' | 'stage'

export interface Row {
  /** Stable over refetches. */
  readonly key: string
  readonly kind: RowKind
  /** Whose times, attributes and name the row shows. */
  readonly span: TraceSpan
  /** Spans whose own time the bar shows. */
  readonly bar: readonly TraceSpan[]
  /** Traversals the row stands for: one for a proxy, all of them for a hop. */
  readonly proxies: readonly WireProxy[]
  /** The hop whose transit belongs on this row. */
  readonly hop: WireHop | null
  /** Applications (or silent callees) at the far end of a hop. */
  readonly callees: readonly TraceSpan[]
  /** Index of the parent row, -1 at the top. */
  readonly parent: number
  /** 1-based, for aria-level. */
  readonly level: number
  /** Steps to draw the name further in. */
  readonly indent: number
  /** Index of the first row after this row's subtree. */
  end: number
  /** Closed, the bar and the critical path of what is hidden are drawn on this row. */
  readonly folds: boolean
  readonly openAtFirst: boolean
  /** Attempt number, from 1; 0 where there was only one. */
  readonly attempt: number
  readonly failedAttempt: boolean
  /** Not connected to the primary root, and why. */
  readonly loose: 'missing parent' | 'circle of parents' | 'second root' | null
}

interface Task {
  span: TraceSpan
  parent: number
  indent: number
  loose: Row['loose']
  /** The span is a gateway's upstream span: it opens a hop although its proxy has a row already. */
  exit: boolean
}

export function buildRows(index: TraceIndex): Row[] {
  const rows: Row[] = []
  const tasks: Task[] = []
  const later = (spans: readonly TraceSpan[], parent: number, indent: number, exits?: ReadonlySet<TraceSpan>) => {
    for (let i = spans.length - 1; i >= 0; i--) {
      tasks.push({ span: spans[i]!, parent, indent, loose: null, exit: exits?.has(spans[i]!) ?? false })
    }
  }
  later(index.tops, -1, 0)
  tasks.forEach((task) => (task.loose = looseness(index, task.span)))

  // A stack instead of recursion: a trace may be as deep as it has spans.
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    const { span } = task
    if (opensHop(task)) {
      const group = hopGroup(span)
      addHop(index, rows, task, group)
      later(group.callees, task.parent, task.indent + 1)
    } else if (span.wire.role === 'gateway' && span.proxy) {
      const inner = gatewayParts(index, span)
      const at = addGateway(index, rows, task, inner.stages)
      later(inner.outer, at, task.indent + 1, inner.exits)
    } else {
      const external = span.wire.role === 'app' && span.wire.kind === 'client' && span.children.length === 0
      const at = add(rows, task, { kind: external ? 'external' : 'app', span })
      later(span.children, at, task.indent + 1)
    }
  }
  closeSubtrees(rows)
  return rows
}

function looseness(index: TraceIndex, span: TraceSpan): Row['loose'] {
  if (isOrphan(index, span)) return 'missing parent'
  if (span.wire.parentSpanId !== '') return 'circle of parents'
  return span === index.tops[0] ? null : 'second root'
}

/** A proxy opens a hop, but a gateway at the top of a trace is a row of its own: the request begins there. */
function opensHop({ span, parent, exit, loose }: Task): boolean {
  const { role, kind, service } = span.wire
  if (exit) return true
  if (role !== 'app')
    return !(role === 'gateway' && span.proxy?.spanId === span.id && (parent === -1 || loose !== null))
  if (kind !== 'client') return false
  return span.children.some(({ wire }) => wire.role !== 'app' || wire.kind === 'server' || wire.service !== service)
}

interface HopGroup {
  /** Proxy spans in tree order, the opening span first. */
  members: TraceSpan[]
  callees: TraceSpan[]
}

function hopGroup(start: TraceSpan): HopGroup {
  const members: TraceSpan[] = []
  const callees: TraceSpan[] = []
  const stack = [start]
  for (let span = stack.pop(); span; span = stack.pop()) {
    if (span !== start && span.wire.role === 'app') {
      callees.push(span)
      continue
    }
    members.push(span)
    for (let i = span.children.length - 1; i >= 0; i--) stack.push(span.children[i]!)
  }
  return { members, callees }
}

function addHop(index: TraceIndex, rows: Row[], task: Task, { members, callees }: HopGroup): void {
  const { span } = task
  const ownsRow = span.wire.role === 'app' || task.exit
  // What a gateway does below its upstream span (KrakenD reads the body there) is among its stages already.
  const inside = members.filter((member, i) => (i > 0 || !ownsRow) && (!task.exit || member.proxy !== span.proxy))
  const proxies: WireProxy[] = []
  for (const { proxy } of inside) if (proxy && !proxies.includes(proxy)) proxies.push(proxy)
  const attempt = task.exit ? attemptsOf(index, span.proxy).indexOf(span) + 1 : 0
  const failedAttempt = isFailedAttempt(index, span)
  if (task.exit && inside.length === 0 && callees.length === 0) {
    add(rows, task, { kind: attempt > 0 ? 'attempt' : 'external', span, attempt, failedAttempt })
    return
  }
  const top = task.exit && span.proxy ? index.topOf(span.proxy) : undefined
  const gatewayHops = top ? index.hopsFrom(top) : []
  const hop = task.exit
    ? gatewayHops.length > 1
      ? (gatewayHops.find(({ callee }) => callees.some(({ id }) => id === callee?.spanId)) ?? null)
      : null
    : (index.hopsFrom(span).at(-1) ?? null)
  const retried = proxies.some((proxy) => proxy.retry.attempts > 1)
  const at = add(rows, task, {
    kind: 'hop',
    span,
    bar: ownsRow ? undefined : none,
    proxies,
    hop,
    callees,
    folds: true,
    openAtFirst: retried || proxies.some((proxy) => proxy.role === 'gateway'),
    attempt,
    failedAttempt,
  })
  const inner = below(task, at)
  for (const proxy of proxies) addProxy(index, rows, inner, proxy, inside)
  for (const member of inside) {
    if (!member.proxy) add(rows, inner, { kind: 'proxy', span: member, folds: true })
  }
}

function addProxy(index: TraceIndex, rows: Row[], task: Task, proxy: WireProxy, inside: readonly TraceSpan[]): void {
  const spans = inside.filter((span) => span.proxy === proxy)
  const top = spans.find((span) => span.id === proxy.spanId) ?? spans[0]
  if (!top) return
  const attempts = attemptsOf(index, proxy)
  const parts = spans.length === 1 ? none : spans.filter((span) => span !== top)
  const stages = parts.filter((span) => span.wire.kind !== 'client')
  const at = add(rows, task, {
    kind: 'proxy',
    span: top,
    bar: stages.length > 0 ? [top, ...stages] : undefined,
    proxies: [proxy],
    folds: true,
    openAtFirst: attempts.length > 1,
  })
  if (parts.length === 0) return
  const inner = below(task, at)
  for (const span of parts) {
    const attempt = attempts.indexOf(span) + 1
    add(rows, inner, {
      kind: stages.includes(span) ? 'stage' : attempt > 0 ? 'attempt' : 'upstream',
      span,
      attempt,
      failedAttempt: isFailedAttempt(index, span),
    })
  }
}

/** A gateway's own spans, split into stages and those it leaves through, and everything below them. */
function gatewayParts(index: TraceIndex, top: TraceSpan) {
  const own = new Set(top.proxy ? index.spansOf(top.proxy) : [])
  const exits = new Set<TraceSpan>()
  const stages: TraceSpan[] = []
  const outer: TraceSpan[] = []
  for (const span of own) {
    if (span !== top) {
      if (span.wire.kind === 'client') exits.add(span)
      else stages.push(span)
    }
  }
  for (const span of [top, ...stages]) outer.push(...span.children.filter((child) => !own.has(child)))
  outer.push(...exits)
  outer.sort((a, b) => a.from - b.from || b.to - a.to)
  return { exits, stages, outer }
}

function addGateway(index: TraceIndex, rows: Row[], task: Task, stages: readonly TraceSpan[]): number {
  const { span } = task
  const hops = index.hopsFrom(span)
  const at = add(rows, task, {
    kind: 'gateway',
    span,
    bar: [span, ...stages],
    proxies: span.proxy ? [span.proxy] : [],
    hop: hops.length === 1 ? hops[0]! : null,
  })
  if (stages.length > 0) {
    const inner = below(task, at)
    const group = add(rows, inner, {
      kind: 'stages',
      span: stages[0]!,
      bar: none,
      folds: true,
      openAtFirst: false,
    })
    for (const stage of stages) {
      add(rows, below(inner, group), { kind: 'stage', span: stage })
    }
  }
  return at
}

const none: readonly never[] = []

/** Without a `bar` it is that of its span. */
type NewRow = Pick<Row, 'kind' | 'span'> &
  Partial<Omit<Row, 'bar'>> & { readonly bar?: readonly TraceSpan[] | undefined }

/** What it can tell from its span is no field of it: 100,000 of them are made while somebody waits. */
class DrawnRow implements Row {
  readonly kind: RowKind
  readonly span: TraceSpan
  private readonly others: readonly TraceSpan[] | undefined
  readonly proxies: readonly WireProxy[]
  readonly hop: WireHop | null
  readonly callees: readonly TraceSpan[]
  readonly parent: number
  readonly level: number
  readonly indent: number
  end: number
  readonly folds: boolean
  readonly openAtFirst: boolean
  readonly attempt: number
  readonly failedAttempt: boolean
  readonly loose: Row['loose']

  constructor(row: NewRow, { parent, indent, loose }: Task, rows: readonly Row[]) {
    this.kind = row.kind
    this.span = row.span
    this.others = row.bar
    this.proxies = row.proxies ?? none
    this.hop = row.hop ?? null
    this.callees = row.callees ?? none
    this.parent = parent
    this.level = parent < 0 ? 1 : rows[parent]!.level + 1
    this.indent = indent
    this.end = rows.length + 1
    this.folds = row.folds ?? false
    this.openAtFirst = row.openAtFirst ?? true
    this.attempt = row.attempt ?? 0
    this.failedAttempt = row.failedAttempt ?? false
    this.loose = loose
  }
  get key(): string {
    const { kind, span } = this
    if (kind === 'hop') return `hop:${span.id}`
    return kind === 'stages' ? `stages:${span.proxy?.spanId}` : span.id
  }
  get bar(): readonly TraceSpan[] {
    return this.others ?? [this.span]
  }
}

/** For what is drawn inside a row. */
const below = ({ span, indent, exit }: Task, parent: number): Task => ({
  span,
  parent,
  indent: indent + 1,
  loose: null,
  exit,
})

function add(rows: Row[], task: Task, row: NewRow): number {
  return rows.push(new DrawnRow(row, task, rows)) - 1
}

function closeSubtrees(rows: Row[]): void {
  for (let i = rows.length - 1; i >= 0; i--) {
    const parent = rows[rows[i]!.parent]
    if (parent) parent.end = Math.max(parent.end, rows[i]!.end)
  }
}
