import { resetMs } from './retry-after.ts'

const SECRETS = /\b(?:sk|pk|rk|gsk|xai|AIza|key|Bearer)[-_ ][A-Za-z0-9_\-.*]{8,}|\bAIza[A-Za-z0-9_-]{20,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g

/** A provider's words without anything that looks like a credential. */
export function scrub(text: string): string {
  return text.replace(SECRETS, '[redacted]')
}

/** How long `retry-after-ms`, `Retry-After` (seconds or a date) or else the reset of a limit that has run out says to wait; undefined when they say nothing. */
export function retryAfterMs(headers: Pick<Headers, 'get'>): number | undefined {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const value = headers.get('retry-after')
  if (value === null) return resetMs(headers)
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return seconds >= 0 ? Math.round(seconds * 1000) : undefined
  const at = Date.parse(value)
  const from = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(at) || Number.isNaN(from) ? undefined : Math.max(0, at - from)
}
