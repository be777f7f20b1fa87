import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Whom notifications may reach: nobody inside, unless HOPSCOPE_ALLOWED_TARGETS names him. */

const inside = new BlockList()
for (const [network, prefix] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
  ] as const),
  ...([
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ] as const),
] as const)
  inside.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
] as const)
  inside.addSubnet(network, prefix, 'ipv6')

export interface Allowed {
  isHost(host: string): boolean
  isAddress(address: string): boolean
}

/** @param text hosts, addresses and CIDRs, separated by commas. @throws Error naming what is none. */
export function parseAllowed(text: string): Allowed {
  const hosts = new Set<string>()
  const addresses = new BlockList()
  for (const entry of text.split(',').map((one) => one.trim().toLowerCase())) {
    if (entry === '') continue
    const [address = '', prefix] = entry.split('/')
    const version = isIP(address)
    if (version === 0) {
      if (prefix !== undefined || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(entry))
        throw new Error(`${entry} is neither a host nor a CIDR`)
      hosts.add(entry)
      continue
    }
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix)
    if (!/^\d{1,3}$/.test(prefix ?? '0') || bits > (version === 4 ? 32 : 128))
      throw new Error(`${entry} is neither a host nor a CIDR`)
    addresses.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    isHost: (host) => hosts.has(host.toLowerCase()),
    isAddress: (address) => addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}

/** @returns why it may not be reached; undefined when it may. */
export function forbidden(host: string, address: string, allowed: Allowed): string | undefined {
  // An IPv4 address in IPv6's clothes is that address.
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
  if (isIP(plain) === 0) return `${host} is no address`
  if (allowed.isHost(host) || allowed.isAddress(plain)) return undefined
  const isMapped = isIP(plain) === 6 && /^::ffff:/i.test(plain)
  if (isMapped || inside.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4'))
    return `${host} is at ${plain}, which is not outside; HOPSCOPE_ALLOWED_TARGETS may name it`
  return undefined
}

/** The same of a host that is an address: nothing looks those up. A name is checked when it is looked up. */
export const forbiddenAddress = (host: string, allowed: Allowed): string | undefined =>
  isIP(host) === 0 ? undefined : forbidden(host, host, allowed)

/**
 * What connections look names up with: the very addresses that are connected to are checked, so that a name cannot change its mind in between.
 */
export function checkedLookup(allowed: Allowed): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      for (const { address } of found) {
        const why = forbidden(host, address, allowed)
        if (why !== undefined) return callback(Object.assign(new Error(why), { code: 'EFORBIDDEN' }), '', 0)
      }
      const [first] = found
      if (!first) return callback(new Error(`${host} has no address`), '', 0)
      if (options.all) callback(null, found)
      else callback(null, first.address, first.family)
    })
  }
}
