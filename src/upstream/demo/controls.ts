/** What a caller can tell the demo to do wrong, or slowly. Each is a number; undefined: as always. */
export interface Controls {
  /** Answer with this HTTP status; with `failAfter`, the code of the error event. */
  readonly fail?: number
  /** Share of the calls, 0–1, that the failures below apply to. Spread evenly, not drawn: half of two calls is one. */
  readonly rate?: number
  /** An error event after so many pieces of the answer. */
  readonly failAfter?: number
  /** Silence for so many ms: before the answer's head, or where `stallAfter` says. */
  readonly stallMs?: number
  /** Silence after so many pieces, until the caller leaves unless `stallMs` ends it. */
  readonly stallAfter?: number
  /** The stream ends after so many pieces, without a finish. */
  readonly cutAfter?: number
  /** Tokens a second; 0: as fast as it is read. */
  readonly speed?: number
  /** Length of the answer in tokens. */
  readonly tokens?: number
  /** Wait so many ms before the first token, after the head. */
  readonly firstMs?: number
}

interface ControlRule { readonly field: keyof Controls; readonly min: number; readonly max: number; readonly whole: boolean }

const HOUR_MS = 3_600_000
const COUNT_MAX = 1_000_000

/** The controls by the names that callers write. The order is the one in messages and docs. */
export const CONTROLS: Readonly<Record<string, ControlRule>> = {
  fail: { field: 'fail', min: 400, max: 599, whole: true },
  rate: { field: 'rate', min: 0, max: 1, whole: false },
  fail_after: { field: 'failAfter', min: 0, max: COUNT_MAX, whole: true },
  stall: { field: 'stallMs', min: 0, max: HOUR_MS, whole: false },
  stall_after: { field: 'stallAfter', min: 0, max: COUNT_MAX, whole: true },
  cut_after: { field: 'cutAfter', min: 0, max: COUNT_MAX, whole: true },
  speed: { field: 'speed', min: 0, max: COUNT_MAX, whole: false },
  tokens: { field: 'tokens', min: 1, max: 100_000, whole: true },
  first: { field: 'firstMs', min: 0, max: HOUR_MS, whole: false },
}

const MARKER = /\[demo:([^[\]]{0,200})\]/gi

export type ControlsResult = { readonly ok: true; readonly controls: Controls } | { readonly ok: false; readonly why: string }

/** Reads the controls of a model slug (`writer?fail=503&rate=0.5`) and of a prompt (`[demo: fail=503]`), which win. */
export function readControls(slug: string, prompt: string): ControlsResult {
  const at = slug.indexOf('?')
  const pairs = at === -1 ? [] : split(slug.slice(at + 1))
  for (const [, inside = ''] of prompt.matchAll(MARKER)) pairs.push(...split(inside))
  const controls: { -readonly [K in keyof Controls]: Controls[K] } = {}
  for (const pair of pairs) {
    const [name = '', text = ''] = pair.split('=', 2)
    const rule = Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined
    if (!rule) return { ok: false, why: `the demo has no control \`${name}\`; it has ${Object.keys(CONTROLS).join(', ')}` }
    const value = text === '' ? Number.NaN : Number(text)
    if (!fits(value, rule)) return { ok: false, why: `demo control \`${name}\` takes a ${rule.whole ? 'whole ' : ''}number from ${rule.min} to ${rule.max}` }
    controls[rule.field] = value
  }
  return { ok: true, controls }
}

/** The prompt as its writer meant it, without the controls in it. */
export function withoutControls(prompt: string): string {
  return prompt.replace(MARKER, '').trim()
}

function split(text: string): string[] {
  return text.split(/[?&,;\s]+/).filter((pair) => pair !== '')
}

function fits(value: number, rule: ControlRule): boolean {
  return value >= rule.min && value <= rule.max && (!rule.whole || Number.isInteger(value))
}

/** What is left of the controls on a call that `rate` spares. */
export function withoutFailures(controls: Controls): Controls {
  const { speed, tokens, firstMs } = controls
  return { ...(speed !== undefined && { speed }), ...(tokens !== undefined && { tokens }), ...(firstMs !== undefined && { firstMs }) }
}

/** Spreads failures evenly over calls: a share of 0.25 is every fourth call, from the first call on, without a draw. */
export class FailureShare {
  private owed = 0

  /** True when this call is one of the share. */
  next(share: number): boolean {
    this.owed += share
    // A tenth added ten times is a hair under one.
    if (this.owed < 1 - 1e-9) return false
    this.owed -= 1
    return true
  }
}
