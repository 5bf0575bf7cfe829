/** A network: an address and how many of its first bits count. An IPv4 network is kept as its 4 bytes. */
export interface IpRange { readonly bytes: readonly number[]; readonly prefixBits: number }

/** An address as its 4 or 16 bytes. One with a zone (`fe80::1%eth0`) is none: it names a place of this machine. */
export function ipBytes(address: string): readonly number[] | undefined {
  return address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address)
}

/** As `ipBytes`; an IPv4 address in the clothes of IPv6 (`::ffff:192.0.2.1`, as sockets of both kinds say it) is the IPv4 address. */
export function plainIpBytes(address: string): readonly number[] | undefined {
  const bytes = ipBytes(address)
  return bytes?.length === 16 && bytes.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff)) ? bytes.slice(12) : bytes
}

/** `192.0.2.0/24`, `2001:db8::/32`, or one address; undefined for anything else, and for bits that are set behind the prefix. */
export function readIpRange(text: string): IpRange | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const bytes = ipBytes(address)
  if (!bytes || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  const prefixBits = bits === undefined ? bytes.length * 8 : Number(bits)
  if (prefixBits > bytes.length * 8 || bytes.some((byte, at) => (byte & ~maskAt(prefixBits, at) & 0xff) !== 0)) return undefined
  return { bytes, prefixBits }
}

/** True when the address is of the network. Addresses of the other family are of none. */
export function isInRange(bytes: readonly number[], range: IpRange): boolean {
  return bytes.length === range.bytes.length && bytes.every((byte, at) => ((byte ^ (range.bytes[at] ?? 0)) & maskAt(range.prefixBits, at)) === 0)
}

function maskAt(prefixBits: number, at: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - at * 8))
  return (0xff << (8 - bits)) & 0xff
}

function ipv4Bytes(address: string): number[] | undefined {
  const parts = address.split('.')
  // No leading zeros: some programs read them as octal.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return parts.map(Number)
}

function ipv6Bytes(address: string): number[] | undefined {
  const dotted = /^(.*:)([\d.]+)$/.exec(address)
  const last = dotted?.[2]?.includes('.') ? ipv4Bytes(dotted[2]) : undefined
  if (dotted?.[2]?.includes('.') && !last) return undefined
  const text = last ? `${dotted?.[1] ?? ''}${hex(last[0], last[1])}:${hex(last[2], last[3])}` : address
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [before, after] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const groups = [...(before ?? []), ...(after ?? [])]
  const missing = 8 - groups.length
  if ((after ? missing < 1 : missing !== 0) || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return [...(before ?? []), ...Array.from({ length: missing }, () => '0'), ...(after ?? [])].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff])
}

function hex(high = 0, low = 0): string {
  return ((high << 8) | low).toString(16)
}
