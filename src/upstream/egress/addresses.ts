import { ipBytes } from '../../lib/ip-address.ts'

/**
 * Where an address leads: the internet · a network or a machine of the operator's own, which only the operator may open ·
 * nowhere that content can come from: metadata services of clouds, multicast, ranges that are reserved.
 */
export type Reach = 'public' | 'private' | 'never'

type Range = readonly [first: string, prefixBits: number, reach: Reach]

/** IANA's special-purpose registry, and the metadata services that stand outside of it. The first that holds counts. */
const IPV4: readonly Range[] = [
  ['100.100.100.200', 32, 'never'], ['168.63.129.16', 32, 'never'], ['169.254.0.0', 16, 'never'], ['0.0.0.0', 8, 'never'],
  ['10.0.0.0', 8, 'private'], ['100.64.0.0', 10, 'private'], ['127.0.0.0', 8, 'private'], ['172.16.0.0', 12, 'private'], ['192.168.0.0', 16, 'private'], ['198.18.0.0', 15, 'private'],
  ['192.0.0.0', 24, 'never'], ['192.0.2.0', 24, 'never'], ['192.88.99.0', 24, 'never'], ['198.51.100.0', 24, 'never'], ['203.0.113.0', 24, 'never'], ['224.0.0.0', 3, 'never'],
  ['0.0.0.0', 0, 'public'],
]

/** Only 2000::/3 is given out for the internet. */
const IPV6: readonly Range[] = [
  ['::1', 128, 'private'], ['fd00:ec2::254', 128, 'never'], ['fd20:ce::254', 128, 'never'], ['fc00::', 7, 'private'],
  ['2001::', 23, 'never'], ['2001:db8::', 32, 'never'], ['3fff::', 20, 'never'], ['2000::', 3, 'public'], ['::', 0, 'never'],
]

/** Prefixes of IPv6 behind which an IPv4 address stands, and at which byte: mapped, NAT64, 6to4. It counts as what it holds. */
const HOLDS_IPV4 = [['::ffff:0:0', 96, 12], ['64:ff9b::', 96, 12], ['2002::', 16, 2]] as const

/** Where this address leads. What is no address leads nowhere. */
export function reachOf(address: string): Reach {
  const bytes = ipBytes(address)
  if (!bytes) return 'never'
  if (bytes.length === 4) return reachIn(IPV4, bytes)
  const held = HOLDS_IPV4.find(([first, bits]) => isIn(bytes, first, bits))
  return held ? reachIn(IPV4, bytes.slice(held[2], held[2] + 4)) : reachIn(IPV6, bytes)
}

function reachIn(ranges: readonly Range[], bytes: readonly number[]): Reach {
  return ranges.find(([first, bits]) => isIn(bytes, first, bits))?.[2] ?? 'never'
}

function isIn(bytes: readonly number[], first: string, prefixBits: number): boolean {
  const start = ipBytes(first) ?? []
  return bytes.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefixBits - at * 8))
    const mask = (0xff << (8 - bits)) & 0xff
    return (byte & mask) === ((start[at] ?? 0) & mask)
  })
}
