/** Where exporters send to, as they have to spell it. */
import type { Setup } from '../../../server/api/contract-catalogue.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface Receivers {
  readonly grpc: Endpoint
  readonly http: Endpoint
}

const everyAddress = new Set(['0.0.0.0', '[::]'])
const loopback = /^(127\.|localhost$|\[::1\]$)/

/** @param pageHost a receiver that listens on every address is reached by the name that this page was. */
export function receiversOf({ receivers }: Setup, pageHost: string): Receivers {
  const endpoint = (url: string): Endpoint => {
    const { hostname, port } = new URL(url)
    return { host: everyAddress.has(hostname) ? pageHost : hostname, port: Number(port) }
  }
  return { grpc: endpoint(receivers.grpc), http: endpoint(receivers.http) }
}

export const urlOf = ({ host, port }: Endpoint): string => `http://${host}:${port}`

/** Whether only programs on the same machine can reach it. */
export function isLocal({ grpc, http }: Receivers): boolean {
  return loopback.test(grpc.host) && loopback.test(http.host)
}
