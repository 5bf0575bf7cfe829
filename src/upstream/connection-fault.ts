import { Fault } from '../core/fault.ts'
import type { Provider } from '../catalog/endpoint.ts'

/** Codes of a reused connection that the provider had closed: nothing of the answer had come. */
const STALE = new Set(['ECONNRESET', 'ConnectionClosed', 'EPIPE'])

const WORDS: Readonly<Record<string, string>> = {
  ConnectionRefused: 'refused the connection', ECONNREFUSED: 'refused the connection', FailedToOpenSocket: 'cannot be reached',
  ENOTFOUND: 'has a host name that cannot be resolved', DNSResolutionFailed: 'has a host name that cannot be resolved', EAI_AGAIN: 'has a host name that cannot be resolved',
  ConnectionTimeout: 'did not accept the connection in time', ETIMEDOUT: 'did not accept the connection in time',
}

/** What a failed fetch means. `hadBytes`: something of the answer had come, so another try could repeat a charge. */
export function connectionFault(error: unknown, provider: Provider, hadBytes: boolean): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const options = { provider: provider.name, detail: `${code} ${error instanceof Error ? error.message : String(error)}`, cause: error }
  if (hadBytes) return new Fault('provider_cut', `${provider.name} closed the connection before the end of its answer`, options)
  if (STALE.has(code)) return new Fault('connection_stale', `${provider.name} closed the connection without an answer`, options)
  if (/cert|tls|ssl|self_signed|unable_to/i.test(code)) return new Fault('provider_unreachable', `${provider.name}: TLS failed (${code})`, options)
  return new Fault('provider_unreachable', `${provider.name} ${WORDS[code] ?? `cannot be reached${code ? ` (${code})` : ''}`}`, options)
}
