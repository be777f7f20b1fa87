import { z } from 'zod'
import { Ingest, RouteList, ServiceList, Setup, TraceList } from './contract-catalogue.ts'
import { RangeQuery, TraceParams, TracesQuery } from './contract-query.ts'
import { Problem, Trace } from './contract.ts'

interface Resource {
  readonly path: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodType
  readonly answer: z.ZodType
}

/** Every resource of the API, for the document; the routers validate with the same schemas. */
export const resources: readonly Resource[] = [
  { path: '/traces', summary: 'Settled traces', query: TracesQuery, answer: TraceList },
  { path: '/traces/{traceId}', summary: 'One trace, analysed', params: TraceParams, answer: Trace },
  { path: '/services', summary: 'Services in settled traces', query: RangeQuery, answer: ServiceList },
  { path: '/routes', summary: 'What requests begin with', query: RangeQuery, answer: RouteList },
  { path: '/ingest', summary: 'What exporters sent', query: RangeQuery, answer: Ingest },
  { path: '/setup', summary: 'Addresses of the receivers', answer: Setup },
]

/** OpenAPI 3.1 made of the contract's own schemas. */
export function openApiDocument(version: string): object {
  const paths = Object.fromEntries(
    resources.map(({ path, summary, params, query, answer }) => [
      path,
      {
        get: {
          summary,
          parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
          responses: {
            200: { description: 'OK', content: { 'application/json': { schema: schemaOf(answer, 'output') } } },
            default: {
              description: 'RFC 9457',
              content: { 'application/problem+json': { schema: schemaOf(Problem, 'output') } },
            },
          },
        },
      },
    ]),
  )
  return { openapi: '3.1.0', info: { title: 'hopscope', version }, servers: [{ url: '/api/v1' }], paths }
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
