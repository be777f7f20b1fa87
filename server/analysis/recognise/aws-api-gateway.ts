import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** AWS API Gateway: an X-Ray segment that a converter made a span of (rule X1 of proxy-spans.md 2.2). */
export const awsApiGateway: Family = {
  family: 'aws-api-gateway',
  product: 'aws-api-gateway',
  oneCall: true,
  gate: {
    any: [{ attributes: { 'aws:api_id': present } }, { attributes: { origin: 'AWS::ApiGateway::Stage' } }],
  },
  rules: [{ id: 'X1', when: {}, leg: 'down' }],
}
