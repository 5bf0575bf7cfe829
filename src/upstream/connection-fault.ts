import { Fault, type FaultCode } from '../core/fault.ts'
import type { Provider } from '../catalog/endpoint.ts'
import { Http1Error } from './http1/error.ts'

/** Codes of a connection that was closed under a request. On one that was kept, nothing of an answer had come: it had gone stale. */
const CLOSED = new Set(['ECONNRESET', 'ConnectionClosed', 'EPIPE'])

const WORDS: Readonly<Record<string, string>> = {
  ConnectionRefused: 'refused the connection', ECONNREFUSED: 'refused the connection', FailedToOpenSocket: 'cannot be reached',
  ENOTFOUND: 'has a host name that cannot be resolved', DNSResolutionFailed: 'has a host name that cannot be resolved', EAI_AGAIN: 'has a host name that cannot be resolved',
  ConnectionTimeout: 'did not accept the connection in time', ConnectTimeout: 'did not accept the connection in time', ETIMEDOUT: 'did not accept the connection in time',
}

/** Answers that break the rules of HTTP, and answers that are larger than ours. */
const ANSWERS: Readonly<Record<string, readonly [FaultCode, string]>> = {
  BadHead: ['provider_bad_answer', 'sent an answer that is not HTTP'], BadFraming: ['provider_bad_answer', 'sent an answer whose length cannot be told'],
  BadEncoding: ['provider_bad_answer', 'sent an answer whose encoding is broken'], HeadTooLarge: ['provider_too_much', 'sent a head that is too large'],
  AnswerTooLarge: ['provider_too_much', 'sent an answer that is too large'],
}

/** What a failed exchange means. `hadBytes`: something of the answer had come, so another try could repeat a charge. */
export function connectionFault(error: unknown, provider: Provider, hadBytes: boolean): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const options = { provider: provider.name, detail: `${code} ${error instanceof Error ? error.message : String(error)}`, cause: error }
  const broken = ANSWERS[code]
  if (broken) return new Fault(broken[0], `${provider.name} ${broken[1]}`, options)
  const begun = hadBytes || (error instanceof Http1Error && error.answerBegun)
  if (begun) return new Fault('provider_cut', `${provider.name} closed the connection before the end of its answer`, options)
  const kept = !(error instanceof Http1Error) || error.reused
  if (CLOSED.has(code)) return new Fault(kept ? 'connection_stale' : 'provider_unreachable', `${provider.name} closed the connection without an answer`, options)
  if (/cert|tls|ssl|self_signed|unable_to/i.test(code)) return new Fault('provider_unreachable', `${provider.name}: TLS failed (${code})`, options)
  return new Fault('provider_unreachable', `${provider.name} ${WORDS[code] ?? `cannot be reached${code ? ` (${code})` : ''}`}`, options)
}
