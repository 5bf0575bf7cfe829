import type { Caller } from '../accounts/caller.ts'
import { Fault } from '../core/fault.ts'
import { isInRange, plainIpBytes, readIpRange, type IpRange } from '../lib/ip-address.ts'

/** What is known of where requests come from. */
export interface Origins {
  /** The address of whoever holds the connection. */
  readonly peerOf: (request: Request) => string | undefined
  /** Networks of the proxies in front of this server, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly IpRange[]
}

/**
 * Where the request comes from: the peer, or, behind proxies that are trusted, the nearest address in `X-Forwarded-For` that
 * is none of them. What stands to the left of it anybody may have written.
 */
export function clientAddress(request: Request, { peerOf, trustedProxies }: Origins): string | undefined {
  const peer = peerOf(request)
  if (peer === undefined || !isTrusted(peer, trustedProxies)) return peer
  const forwarded = (request.headers.get('x-forwarded-for') ?? '').split(',').map((address) => withoutPort(address.trim())).filter((address) => address !== '')
  return forwarded.findLast((address) => !isTrusted(address, trustedProxies)) ?? forwarded[0] ?? peer
}

/** Some proxies say the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(address: string): string {
  return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(address)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(address)?.[1] ?? address
}

function isTrusted(address: string, ranges: readonly IpRange[]): boolean {
  const bytes = plainIpBytes(address)
  return bytes !== undefined && ranges.some((range) => isInRange(bytes, range))
}

/** Lists of keys live as long as the keys do: each is read once. */
const rangesOf = new WeakMap<readonly string[], readonly IpRange[]>()

/** The caller, where the key may be shown from here. Throws Fault `permission_denied`. Keys without networks cost nothing. */
export function checkAddress(caller: Caller, request: Request, origins: Origins): Caller {
  const { ipRanges } = caller.key
  if (!ipRanges) return caller
  let ranges = rangesOf.get(ipRanges)
  if (!ranges) rangesOf.set(ipRanges, ranges = ipRanges.flatMap((text) => readIpRange(text) ?? []))
  const address = clientAddress(request, origins)
  if (address !== undefined && isTrusted(address, ranges)) return caller
  throw new Fault('permission_denied', `This key may not be used from ${address === undefined || !plainIpBytes(address) ? 'here' : address}: it is bound to other networks (its \`ip_ranges\`).`)
}
