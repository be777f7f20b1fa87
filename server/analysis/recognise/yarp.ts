import type { Family } from './family.ts'

/**
 * YARP: its own span lies between ASP.NET Core's SERVER and HttpClient's CLIENT span, which it shows to be a gateway's
 * (rule R1 of proxy-spans.md 2.2). It is of kind SERVER itself.
 */
export const yarp: Family = {
  family: 'yarp',
  product: 'yarp',
  oneCall: true,
  endsAtHeaders: true,
  inProcess: true,
  rules: [{ id: 'R1', when: { scope: 'Yarp.ReverseProxy' }, leg: 'stage', promotes: ['server', 'clients'] }],
}
