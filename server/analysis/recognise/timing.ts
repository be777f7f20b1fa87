/** Attributes with times of a proxy's own clock, read in proxy-clock.ts of the analysis. */
export const timingKeys = [
  'hopscope.req_us',
  'hopscope.resp_us',
  'hopscope.connect_us',
  'hopscope.handshake_us',
  'hopscope.new_connection_us',
  'upstream_response_time',
  'upstream_connect_time',
  'get-conn-duration',
] as const
