import { Fault } from '../core/fault.ts'

/** A name or an address, and a port (RFC 9110, 7.2). */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i
const PORT_MAX = 65_535

/** What was looked at last: most requests say the same. */
let lastGood: string | null = null

/**
 * Refuses a request whose Host is none. The address of a request is made of it, so that a slash in it would be taken for the
 * beginning of the path: what stands in front of us would have looked at another path than we do.
 */
export function checkHost(request: Request): void {
  const host = request.headers.get('host')
  if (host !== null && host === lastGood) return
  if (!host && !request.url.startsWith('/')) return
  const found = HOST.exec(host ?? '')
  if (!found || Number(found[1] ?? 0) > PORT_MAX) throw new Fault('invalid_request', 'The Host header must be the name or address of this server, with or without a port.')
  lastGood = host
}
