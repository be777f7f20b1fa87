import { Router } from 'express'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { builtInRules, type Rule } from '../alerts/rule.ts'
import { windowsOf } from '../alerts/run/thresholds.ts'
import { budgetFinding, budgetLeft, burnRate, spentOf, type Spent } from '../alerts/threshold.ts'
import { levelsOf, readAlertLevels, seenOf, type Levels } from '../queries/alerts/observed.ts'
import { readRules } from '../queries/alerts/rules.ts'
import { readSettled } from '../queries/alerts/settled.ts'
import { isAbout, labelOf, readSubjects, type Subjects } from '../queries/alerts/subjects.ts'
import { partOf, type QueryOf } from '../queries/query-of.ts'
import { askFor } from './ask.ts'
import { subjectOf, type BudgetRule } from './contract-alert-rules.ts'
import { BudgetsQuery, type Budget, type BudgetList } from './contract-budgets.ts'
import { checked, notAllowed } from './problem.ts'

const minute = 60_000
const mostListed = 100
const states = { met: 'burning', less: 'slowing', gone: 'within', unknown: 'unknown' } as const
type OfBudget = Rule & { readonly body: BudgetRule }

/** `/budgets`: of every enabled budget rule, by what it is about. */
export function budgetsRouter(read: ClickHouse): Router {
  const router = Router()
  router
    .route('/')
    .get(async (request, response) => {
      const about = checked(BudgetsQuery, request.query)
      const options = askFor(request, response)
      response.json((await listBudgets(read, about, options)) satisfies BudgetList)
    })
    .all(notAllowed('GET, HEAD'))
  return router
}

async function listBudgets(read: ClickHouse, about: BudgetsQuery, options: QueryOf): Promise<BudgetList> {
  const [stored, { settledMs }] = await Promise.all([
    readRules(read, builtInRules, partOf(options, 'rules')),
    readSettled(read),
  ])
  const kind = about.proxy ? 'proxy' : about.hop ? 'hop' : about.route ? 'trace' : undefined
  const rules = stored.filter(
    (rule): rule is typeof rule & OfBudget =>
      rule.body.kind === 'budget' &&
      rule.body.enabled &&
      (kind === undefined || subjectOf[rule.body.measure] === kind) &&
      (about.proxy === undefined || (rule.body.filter.proxy ?? about.proxy) === about.proxy) &&
      (about.hop === undefined || (rule.body.filter.hop ?? about.hop) === about.hop),
  )
  const toMs = Math.floor(settledMs / minute) * minute
  const to = `${toMs}000000`
  if (rules.length === 0) return { to, items: [], of: 0 }
  const only = about.proxy ?? about.hop ?? about.route
  const longest = Math.max(...rules.map(({ body }) => body.objective.windowMs))
  const hasRoutes = rules.some(({ body }) => subjectOf[body.measure] === 'trace')
  const [subjects, levels] = await Promise.all([
    readSubjects(read, partOf(options, 'names'), hasRoutes ? { fromMs: Math.max(0, toMs - longest), toMs } : undefined),
    readWindows(read, rules, { toMs, ids: only === undefined ? [] : [only] }, options),
  ])
  const all = rules.flatMap((rule) => budgetsOf(rule, subjects, levels, only))
  all.sort((a, b) => (a.left ?? 2) - (b.left ?? 2) || (a.series.name < b.series.name ? -1 : 1))
  return { to, items: all.slice(0, mostListed), of: all.length }
}

/** Every length of a window once for all rules, one after the other: the long ones are the dear ones. */
async function readWindows(
  read: ClickHouse,
  rules: readonly OfBudget[],
  { toMs, ids }: { toMs: number; ids: readonly string[] },
  options: QueryOf,
): Promise<(windowMs: number) => Levels> {
  const found = new Map<number, Levels>()
  const lengthsOf = ({ body }: OfBudget) => [body.objective.windowMs, ...windowsOf(body)]
  for (const windowMs of new Set(rules.flatMap(lengthsOf))) {
    const own = rules.filter((rule) => lengthsOf(rule).includes(windowMs))
    const asked = {
      window: { fromMs: Math.max(0, toMs - windowMs), toMs },
      measures: [...new Set(own.map(({ body }) => body.measure))],
      ...{ ids, histograms: true },
    }
    found.set(windowMs, levelsOf(await readAlertLevels(read, asked, partOf(options, String(windowMs)))))
  }
  return (windowMs) => found.get(windowMs)!
}

const nothing: Spent = { n: 0, over: 0 }

function budgetsOf(
  { id: ruleId, body }: OfBudget,
  subjects: Subjects,
  levels: (windowMs: number) => Levels,
  only: string | undefined,
): Budget[] {
  const { measure, filter, objective, valueNs, minCount } = body
  const { share, windowMs } = objective
  const kind = subjectOf[measure]
  return [...levels(windowMs).keys()].flatMap((id) => {
    if ((only !== undefined && id !== only) || !isAbout(filter, subjects, kind, id)) return []
    const seenIn = (length: number) => {
      const metrics = levels(length).get(id)
      return metrics && seenOf(metrics, { measure, q: null, fidelity: filter.fidelity })
    }
    const spentIn = (length: number): Spent => {
      const histogram = seenIn(length)?.histogram
      return histogram ? spentOf(histogram, valueNs) : nothing
    }
    const seen = seenIn(windowMs)
    if (!seen) return []
    const spent = spentIn(windowMs)
    const windows = objective.burnRates.map(({ longMs, shortMs, rate }) => ({
      ...{ longMs, shortMs, rate, long: spentIn(longMs), short: spentIn(shortMs) },
    }))
    return {
      ...{ ruleId, ruleName: body.name, measure, valueNs, share, windowMs, ...spent },
      series: { kind, id, name: labelOf(subjects, kind, id), fidelity: seen.fidelity },
      left: spent.n < minCount ? null : budgetLeft(spent, share),
      burnRates: windows.map(({ long, short, ...window }) => ({
        ...window,
        ...{ long: burnRate(long, share), short: burnRate(short, share) },
      })),
      state: states[budgetFinding(windows, share, minCount)],
    }
  })
}
