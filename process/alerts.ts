import { parseAllowed } from '../server/alerts/notify/address.ts'
import { startAlerts, type AlertsOptions } from '../server/alerts/run/evaluator.ts'
import { outbox } from '../server/alerts/run/outbox.ts'
import { ruleFiles } from '../server/alerts/run/rule-files.ts'
import { runPart } from './child.ts'

export type AlertsPart = Omit<AlertsOptions, 'log'> & { allowedTargets: string; alertRulesDir: string | null }

/** The process of alerts: evaluates rules, and tells whom they name. */
runPart<AlertsPart>(async ({ allowedTargets, alertRulesDir, ...options }, log) =>
  startAlerts({ ...options, log }, (clickhouse) => [
    ...(alertRulesDir === null ? [] : [ruleFiles(clickhouse, alertRulesDir, log)]),
    outbox(clickhouse, parseAllowed(allowedTargets), log),
  ]),
)
