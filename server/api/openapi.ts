import { z } from 'zod'
import { Accuracy } from './contract-accuracy.ts'
import { ClaimList } from './contract-claims.ts'
import { CompareFormat, Comparison, CompareRequest } from './contract-compare.ts'
import { Composition, CompositionRequest } from './contract-composition.ts'
import { Explanation, ExplanationRequest } from './contract-explanation.ts'
import { FeatureCosts, FeatureCostsRequest } from './contract-features.ts'
import { Resources, ResourcesRequest } from './contract-resources.ts'
import { AttributeList, Ingest, RouteList, ServiceList, Setup, TraceList } from './contract-catalogue.ts'
import {
  AlertPreview,
  AlertRule,
  AlertRuleBody,
  AlertRuleList,
  ImportedRules,
  PreviewRequest,
  RuleExport,
  RuleImport,
} from './contract-alert-rules.ts'
import {
  AcknowledgeRequest,
  AlertDetail,
  AlertList,
  AlertsQuery,
  AuditList,
  CommentRequest,
  NoBody,
  RebaselineRequest,
  DeadLetters,
  SendAgain,
  SilenceBody,
  SilenceList,
  SilenceRequest,
  StandingSilence,
  Target,
  TargetBody,
  TargetList,
  TargetTest,
} from './contract-alerts.ts'
import { BudgetList, BudgetsQuery } from './contract-budgets.ts'
import { FileBody, ImportedFile, ImportQuery } from './contract-import.ts'
import {
  Differences,
  DifferencesQuery,
  ExploreFieldList,
  ExploreHeatmap,
  ExploreQuery,
  ExploreRequestList,
  ExploreValueList,
  FieldsQuery,
  GroupList,
  GroupsQuery,
  Live,
  LiveQuery,
  RequestsQuery,
  ValuesQuery,
} from './contract-explore.ts'
import { HopRankQuery, PeerRank, ProxyRankQuery, Typical } from './contract-peers.ts'
import { EventItem, EventList, EventRequest } from './contract-events.ts'
import { ServiceMap } from './contract-map.ts'
import { Heatmap, HopDetail, HopList, Overview, ProxyDetail, ProxyList, Series } from './contract-measurements.ts'
import {
  AttributesQuery,
  EntityParams,
  HopSeriesQuery,
  HopsQuery,
  MapQuery,
  OverviewQuery,
  ProxiesQuery,
  ProxySeriesQuery,
  RangeQuery,
  TraceParams,
  TraceQuery,
  TracesQuery,
} from './contract-query.ts'
import { Reanalysis, ReanalysisList, ReanalysisRequest } from './contract-reanalyses.ts'
import { RulesInForce, TriedRules, TryRulesRequest } from './contract-rules.ts'
import { WhatIf, WhatIfRequest } from './contract-what-if.ts'
import { Problem, Trace } from './contract.ts'

interface Resource {
  readonly path: string
  /** GET unless it says otherwise. */
  readonly method?: 'post' | 'put' | 'delete'
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** 200 unless it says otherwise. */
  readonly status?: 200 | 201 | 202
  readonly answer: z.ZodType
}

const entity = { params: EntityParams }
const ofProxy = { ...entity, query: ProxySeriesQuery }
const ofHop = { ...entity, query: HopSeriesQuery }

/** Every resource of the API, for the document; the routers validate with the same schemas. */
export const resources: readonly Resource[] = [
  { path: '/traces', summary: 'Settled traces', query: TracesQuery, answer: TraceList },
  { path: '/traces/{traceId}', summary: 'One trace, analysed', params: TraceParams, query: TraceQuery, answer: Trace },
  {
    ...{ path: '/traces/{traceId}/typical', summary: 'A trace beside a typical one of its shape' },
    ...{ params: TraceParams, answer: Typical },
  },
  {
    ...{ path: '/traces/import', method: 'post', summary: 'A trace file, analysed and not stored' },
    ...{ query: ImportQuery, body: FileBody, answer: ImportedFile },
  },
  { path: '/overview', summary: 'Whole requests of a window', query: OverviewQuery, answer: Overview },
  { path: '/proxies', summary: 'Proxies with requests in the window', query: ProxiesQuery, answer: ProxyList },
  { path: '/proxies/{id}', summary: 'One proxy', ...entity, query: RangeQuery, answer: ProxyDetail },
  { path: '/proxies/{id}/series', summary: 'One metric of a proxy over time', ...ofProxy, answer: Series },
  { path: '/proxies/{id}/heatmap', summary: 'Where its values lie over time', ...ofProxy, answer: Heatmap },
  {
    ...{ path: '/proxies/{id}/rank', summary: 'Where a value stands among those of the proxy' },
    ...{ ...entity, query: ProxyRankQuery, answer: PeerRank },
  },
  { path: '/hops', summary: 'Hops with requests in the window', query: HopsQuery, answer: HopList },
  { path: '/hops/{id}', summary: 'One hop', ...entity, query: RangeQuery, answer: HopDetail },
  { path: '/hops/{id}/series', summary: 'One metric of a hop over time', ...ofHop, answer: Series },
  { path: '/hops/{id}/heatmap', summary: 'Where its values lie over time', ...ofHop, answer: Heatmap },
  {
    ...{ path: '/hops/{id}/rank', summary: 'Where a value stands among those of the hop' },
    ...{ ...entity, query: HopRankQuery, answer: PeerRank },
  },
  { path: '/map', summary: 'All hops and the proxies on their way', query: MapQuery, answer: ServiceMap },
  {
    path: '/explore/heatmap',
    summary: 'Where values of a measure lie over time',
    query: ExploreQuery,
    answer: ExploreHeatmap,
  },
  {
    path: '/explore/differences',
    summary: 'What is different about some',
    query: DifferencesQuery,
    answer: Differences,
  },
  {
    path: '/explore/groups',
    summary: 'The distribution of each value of a key',
    query: GroupsQuery,
    answer: GroupList,
  },
  { path: '/explore/requests', summary: 'Single requests', query: RequestsQuery, answer: ExploreRequestList },
  { path: '/explore/fields', summary: 'What can be asked about', query: FieldsQuery, answer: ExploreFieldList },
  { path: '/explore/values', summary: 'What a field can be', query: ValuesQuery, answer: ExploreValueList },
  { path: '/explore/live', summary: 'What has settled since', query: LiveQuery, answer: Live },
  {
    ...{ path: '/compare', method: 'post', summary: 'Which of two groups of requests is faster' },
    ...{ query: CompareFormat, body: CompareRequest, answer: Comparison },
  },
  {
    ...{ path: '/composition', method: 'post', summary: 'What requests, or a difference of two groups, are made of' },
    ...{ body: CompositionRequest, answer: Composition },
  },
  {
    ...{ path: '/explanation', method: 'post', summary: 'Which attributes the difference of two groups comes with' },
    ...{ body: ExplanationRequest, answer: Explanation },
  },
  {
    ...{ path: '/feature-costs', method: 'post', summary: 'What mTLS, retries and other features of proxies cost' },
    ...{ body: FeatureCostsRequest, answer: FeatureCosts },
  },
  {
    ...{ path: '/resources', method: 'post', summary: 'CPU and memory of proxies for the requests of two groups' },
    ...{ body: ResourcesRequest, answer: Resources },
  },
  {
    ...{ path: '/what-if', method: 'post', summary: 'Recorded requests, re-timed as if something were different' },
    ...{ body: WhatIfRequest, answer: WhatIf },
  },
  { path: '/claims', summary: 'Published figures beside your own', query: RangeQuery, answer: ClaimList },
  { path: '/services', summary: 'Services in settled traces', query: RangeQuery, answer: ServiceList },
  { path: '/routes', summary: 'What requests begin with', query: RangeQuery, answer: RouteList },
  { path: '/attributes', summary: 'What filters offer', query: AttributesQuery, answer: AttributeList },
  { path: '/ingest', summary: 'What exporters sent', query: RangeQuery, answer: Ingest },
  { path: '/accuracy', summary: 'How wrong the numbers are, as measured', answer: Accuracy },
  { path: '/rules', summary: 'Recognition rules of the user', answer: RulesInForce },
  {
    ...{ path: '/rules/try', method: 'post', summary: 'What rules would change' },
    ...{ body: TryRulesRequest, answer: TriedRules },
  },
  { path: '/events', summary: 'What happened: told, or versions seen anew', query: RangeQuery, answer: EventList },
  {
    ...{ path: '/events', method: 'post', summary: 'Tell of a deploy or a change of configuration' },
    ...{ body: EventRequest, status: 201, answer: EventItem },
  },
  { path: '/alert-rules', summary: 'What alerts come from', answer: AlertRuleList },
  {
    ...{ path: '/alert-rules', method: 'post', summary: 'Make a rule' },
    ...{ body: AlertRuleBody, status: 201, answer: AlertRule },
  },
  { path: '/alert-rules/{id}', summary: 'One rule', ...entity, answer: AlertRule },
  {
    ...{ path: '/alert-rules/{id}', method: 'put', summary: 'Change a rule' },
    ...{ ...entity, body: AlertRuleBody, answer: AlertRule },
  },
  {
    path: '/alert-rules/{id}',
    method: 'delete',
    summary: 'Delete a rule; its alerts end',
    ...entity,
    answer: AlertRule,
  },
  {
    ...{ path: '/alert-rules/preview', method: 'post', summary: 'What a rule would have done' },
    ...{ body: PreviewRequest, answer: AlertPreview },
  },
  { path: '/alert-rules/export', summary: 'Rules of the API as YAML', answer: RuleExport },
  {
    ...{ path: '/alert-rules/import', method: 'post', summary: 'Rules from YAML, told apart by their names' },
    ...{ body: RuleImport, answer: ImportedRules },
  },
  { path: '/alerts', summary: 'Alerts that there are, and those that are over', query: AlertsQuery, answer: AlertList },
  { path: '/alerts/{id}', summary: 'One alert and what happened to it', ...entity, answer: AlertDetail },
  ...(
    [
      ['silence', 'Tell nobody of it for a while', SilenceRequest],
      ['acknowledge', 'Say that somebody knows', AcknowledgeRequest],
      ['comment', 'Say something about it', CommentRequest],
      ['re-baseline', 'From now on it is as it should be', RebaselineRequest],
    ] as const
  ).map(([path, summary, body]) => ({
    ...{ path: `/alerts/{id}/${path}`, method: 'post' as const, summary },
    ...{ ...entity, body, answer: AlertDetail },
  })),
  { path: '/notification-targets', summary: 'Who can be told', answer: TargetList },
  {
    ...{ path: '/notification-targets', method: 'post', summary: 'Somebody to tell' },
    ...{ body: TargetBody, status: 201, answer: Target },
  },
  { path: '/notification-targets/{id}', summary: 'One of them', ...entity, answer: Target },
  {
    ...{
      path: '/notification-targets/{id}',
      method: 'put',
      summary: 'Change it; without a secret the one before stays',
    },
    ...{ ...entity, body: TargetBody, answer: Target },
  },
  { path: '/notification-targets/{id}', method: 'delete', summary: 'Tell it no more', ...entity, answer: Target },
  {
    ...{ path: '/notification-targets/{id}/test', method: 'post', summary: 'Send it a test' },
    ...{ ...entity, body: NoBody, answer: TargetTest },
  },
  {
    ...{
      path: '/notification-targets/{id}/dead-letters',
      summary: 'What it was not told: refused, or a day without success',
    },
    ...{ ...entity, answer: DeadLetters },
  },
  {
    ...{ path: '/notification-targets/{id}/dead-letters', method: 'post', summary: 'Try some of that again' },
    ...{ ...entity, body: SendAgain, answer: Target },
  },
  {
    path: '/budgets',
    summary: 'How much of their budgets is left, and how fast it is spent',
    query: BudgetsQuery,
    answer: BudgetList,
  },
  { path: '/silences', summary: 'Silences of all that matches', answer: SilenceList },
  {
    ...{ path: '/silences', method: 'post', summary: 'Tell nobody of what matches, nor of what begins meanwhile' },
    ...{ body: SilenceBody, status: 201, answer: StandingSilence },
  },
  { path: '/silences/{id}', method: 'delete', summary: 'End it', ...entity, answer: StandingSilence },
  { path: '/audit', summary: 'What people did to rules, targets and alerts', answer: AuditList },
  { path: '/setup', summary: 'Addresses of the receivers', answer: Setup },
  { path: '/reanalyses', summary: 'What was asked to be analysed again', answer: ReanalysisList },
  { path: '/reanalyses/{id}', summary: 'How far it is', ...entity, answer: Reanalysis },
  {
    ...{ path: '/reanalyses', method: 'post', summary: 'Analyse settled traces again under the current rules' },
    ...{ body: ReanalysisRequest, status: 202, answer: Reanalysis },
  },
  { path: '/reanalyses/{id}', method: 'delete', summary: 'Go on with it no further', ...entity, answer: Reanalysis },
]

/** OpenAPI 3.1 made of the contract's own schemas. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const resource of resources) (paths[resource.path] ??= {})[resource.method ?? 'get'] = operation(resource)
  return { openapi: '3.1.0', info: { title: 'hopscope', version }, servers: [{ url: '/api/v1' }], paths }
}

function operation({ summary, params, query, body, status = 200, answer }: Resource): object {
  const json = (schema: z.ZodType, io: 'input' | 'output') => ({ 'application/json': { schema: schemaOf(schema, io) } })
  const problem = { 'application/problem+json': { schema: schemaOf(Problem, 'output') } }
  return {
    summary,
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    ...(body && { requestBody: { required: true, content: json(body, 'input') } }),
    responses: {
      [status]: {
        description: { 200: 'OK', 201: 'Created', 202: 'Accepted' }[status],
        content: json(answer, 'output'),
      },
      default: { description: 'RFC 9457', content: problem },
    },
  }
}

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<
    string,
    unknown
  >
  return rest
}

function parameters(schema: z.ZodType | undefined, place: 'path' | 'query'): object[] {
  if (!schema) return []
  const { properties = {} } = schemaOf(schema, 'input') as { properties?: Record<string, object> }
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: inner,
  }))
}
