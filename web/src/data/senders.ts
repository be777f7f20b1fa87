/** What the table of senders says. */
import type { Sender } from '../../../server/api/contract-catalogue.ts'
import { count } from '../format/number.ts'

export const transportNames: Record<Sender['transport'], string> = {
  grpc: 'OTLP/gRPC',
  http: 'OTLP/HTTP',
  zipkin: 'Zipkin',
}

const refusals: Record<keyof Sender['refused'], string> = {
  malformed: 'not valid',
  unauthenticated: 'without a valid key',
  overloaded: 'asked to wait: too much was waiting to be stored',
  limited: 'asked to wait: over the limit of the key',
  spoolFull: 'asked to wait: no room on disk for what ClickHouse had not taken yet',
  unavailable: 'asked to wait: ClickHouse did not take them',
}

export const refusedOf = ({ refused }: Sender): number => Object.values(refused).reduce((sum, n) => sum + n, 0)

/** `2 without a valid key, 5 not valid`; '' when nothing was refused. */
export const refusedText = ({ refused }: Sender): string =>
  (Object.keys(refusals) as (keyof typeof refusals)[])
    .filter((why) => refused[why] > 0)
    .map((why) => `${count(refused[why])} ${refusals[why]}`)
    .join(', ')
