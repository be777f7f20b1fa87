import * as grpc from '@grpc/grpc-js'
import { MalformedError } from '../../storage/protobuf.ts'
import type { Running } from '../../storage/running.ts'
import { Overloaded, type Pipeline } from '../pipeline/pipeline.ts'
import { maxInflatedBytes } from './body.ts'
import { inUrl } from './http.ts'
import { responseProtobuf, statusProtobuf } from './otlp-messages.ts'

const asBytes = (bytes: Buffer) => bytes
/** The message stays bytes: the scanner reads them as they are. */
const service: grpc.ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  },
}

const retrySeconds = 1
const closeWithinMs = 5_000

/** OTLP/gRPC: TraceService/Export. */
export async function startGrpcReceiver(pipeline: Pipeline, options: { host: string; port: number }): Promise<Running> {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': maxInflatedBytes,
    'grpc.keepalive_permit_without_calls': 1,
    // The default window of 64 KiB would take a round trip for each part of a large export.
    'grpc-node.flow_control_window': 4 * 2 ** 20,
  })
  server.addService(service, {
    Export(call: grpc.ServerUnaryCall<Buffer, Buffer>, respond: grpc.sendUnaryData<Buffer>) {
      pipeline.accept(call.request, 'grpc').then(
        (result) => respond(null, responseProtobuf(result)),
        (error: unknown) => respond(statusOf(error)),
      )
    },
  })
  const { host } = options
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${inUrl(host)}:${options.port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error)
      else resolve(bound)
    })
  })
  return {
    addresses: [{ name: 'OTLP/gRPC', url: `http://${inUrl(host)}:${port}` }],
    close: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), closeWithinMs)
        server.tryShutdown(() => {
          clearTimeout(force)
          resolve()
        })
      }),
  }
}

/** What OTLP asks of failures: INVALID_ARGUMENT is final, UNAVAILABLE with RetryInfo is tried again. */
function statusOf(error: unknown): Partial<grpc.StatusObject> {
  if (error instanceof MalformedError) return { code: grpc.status.INVALID_ARGUMENT, details: error.message }
  const details = error instanceof Overloaded ? error.message : 'ClickHouse does not take the spans now'
  const metadata = new grpc.Metadata()
  metadata.set('grpc-status-details-bin', statusProtobuf(grpc.status.UNAVAILABLE, details, retrySeconds))
  return { code: grpc.status.UNAVAILABLE, details, metadata }
}
