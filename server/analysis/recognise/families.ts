import { apisix, apisixZipkin } from './apisix.ts'
import { apolloRouter } from './apollo-router.ts'
import { awsApiGateway } from './aws-api-gateway.ts'
import { caddy } from './caddy.ts'
import { cloudflareWorkers } from './cloudflare-workers.ts'
import { consul } from './consul.ts'
import { contour } from './contour.ts'
import { cosmoRouter } from './cosmo-router.ts'
import { dapr } from './dapr.ts'
import { emissary } from './emissary.ts'
import { envoy, envoyInner } from './envoy.ts'
import { envoyGateway } from './envoy-gateway.ts'
import type { Family } from './family.ts'
import { gloo } from './gloo.ts'
import { istio } from './istio.ts'
import { kong, kongZipkin } from './kong.ts'
import { krakend, krakendOpencensus } from './krakend.ts'
import { kuma } from './kuma.ts'
import { linkerd } from './linkerd.ts'
import { ingressNginx, nginx } from './nginx.ts'
import { springCloudGateway, springZuul } from './spring-cloud-gateway.ts'
import { traefik, traefik2 } from './traefik.ts'
import { tyk } from './tyk.ts'
import { yarp } from './yarp.ts'

/** In the order of proxy-spans.md section 2: the first rule that holds wins. A new family is one line here. */
export const families: readonly Family[] = [
  envoyInner,
  istio,
  kuma,
  consul,
  envoyGateway,
  contour,
  gloo,
  emissary,
  envoy,
  krakend,
  krakendOpencensus,
  linkerd,
  kong,
  kongZipkin,
  traefik,
  traefik2,
  apisix,
  apisixZipkin,
  ingressNginx,
  nginx,
  caddy,
  tyk,
  dapr,
  apolloRouter,
  cosmoRouter,
  yarp,
  springCloudGateway,
  springZuul,
  cloudflareWorkers,
  awsApiGateway,
]
