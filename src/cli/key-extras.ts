import type { KeyExtras, KeyRecord } from '../accounts/accounts.ts'
import type { RollingLimit, Tags } from '../accounts/caller.ts'
import { parseRates, ratesJson, type Rates } from '../catalog/rate-limits.ts'
import { Fault } from '../core/fault.ts'
import { parseUsd, sayUsd } from '../core/nano.ts'
import { readWindow, sayWindow, shortestFirst } from '../ledger/window.ts'
import { knownModels, knownProviders } from '../server/api/policy-body.ts'
import { openCatalogue } from './catalogue-view.ts'
import { usageError, type Flag, type Invocation } from './command.ts'
import { sayTime } from './say.ts'

/** The flag of what may pass in a minute. */
export const RATES_FLAG: Flag = { value: '<rates>', what: 'in a minute at most: requests=60,tokens=20000,usd=0.50; none for what holds for all' }

/** Flags of what a key may be bound to, when it is made and later. */
export const EXTRA_FLAGS: Readonly<Record<string, Flag>> = {
  models: { value: '<ids>', what: 'only these models, separated by commas; author/* for all of a maker’s' },
  providers: { value: '<slugs>', what: 'only these providers' },
  'max-price': { value: '<prices>', what: 'no dearer than prompt=1,completion=4 (USD per million tokens), request=0.01' },
  ips: { value: '<networks>', what: 'only from these networks: 192.0.2.0/24,2001:db8::/32' },
  tags: { value: '<tags>', what: 'labels of all its calls: feature=search,env=prod' },
  rates: RATES_FLAG,
  rolling: { value: '<limits>', what: 'in any 5 hours, any 7 days: 5h=2.50,7d=20 (USD)' },
}

const NONE = 'none'
const ROLLING_NANO_MAX = 1_000_000_000_000_000n
const PRICES = ['prompt', 'completion', 'request'] as const

/** What the flags say, models and providers by the names that the catalogue has for them; `none` takes a restriction back. Throws a usage error. */
export async function readExtras(invocation: Invocation): Promise<KeyExtras> {
  const text = (flag: string) => invocation.text(flag)
  const list = (flag: string) => { const said = text(flag); return said === undefined ? undefined : listOf(flag, said) }
  const [models, providers, ips] = [list('models'), list('providers'), list('ips')]
  const [prices, tags] = [text('max-price'), text('tags')]
  const catalogue = models || providers ? await openCatalogue(invocation.config) : undefined
  const rules = {
    ...(models !== undefined && { allowedModels: catalogue ? known(() => knownModels('--models', models, catalogue)) : models }),
    ...(providers !== undefined && { allowedProviders: catalogue ? known(() => knownProviders('--providers', providers, catalogue)) : providers }),
    ...(prices !== undefined && { maxPrice: pairsOf('max-price', prices, PRICES) }),
  }
  const [rateLimits, rollingLimits] = [readRates(invocation), readRolling(invocation)]
  return { ...(rateLimits !== undefined && { rateLimits }), ...(rollingLimits !== undefined && { rollingLimits }), ...(Object.keys(rules).length > 0 && { rules }), ...(ips !== undefined && { ipRanges: ips }), ...(tags !== undefined && { tags: pairsOf('tags', tags) }) }
}

/** As it is read; a name that is none is a usage error. */
function known<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw usageError(error.message.replace(/^The field /, ''), 'see: switchyard models list, switchyard providers list')
  }
}

const RATE_NAMES = ['requests', 'tokens', 'usd'] as const

/** What `--rates` says; null takes it back, undefined: nothing. Throws a usage error. */
export function readRates(invocation: Invocation): Rates | null | undefined {
  const text = invocation.text('rates')
  const said = text === undefined ? undefined : pairsOf('rates', text, RATE_NAMES)
  if (!said) return said
  const count = (name: string) => {
    const value = said[name]
    if (value !== undefined && !/^[1-9]\d{0,11}$/.test(value)) throw usageError(`--rates: ${name} must be a whole number of at least 1`)
    return value === undefined ? null : Number(value)
  }
  const { usd = null } = said
  if (usd !== null && (parseUsd(usd) ?? 0n) <= 0n) throw usageError('--rates: usd must be an amount above 0, as 0.50')
  return parseRates({ requests_per_minute: count('requests'), tokens_per_minute: count('tokens'), usd_per_minute: usd })
}

function readRolling(invocation: Invocation): readonly RollingLimit[] | null | undefined {
  const text = invocation.text('rolling')
  const said = text === undefined ? undefined : pairsOf('rolling', text)
  return said && shortestFirst(Object.entries(said).map(([span, amount]) => {
    const [window, limit] = [readWindow(span), parseUsd(amount.replace(/^\$/, ''))]
    if (window === undefined) throw usageError(`--rolling: ${span} is no span of whole hours or days from 1h to 30d`)
    if (limit === undefined || limit < 0n || limit > ROLLING_NANO_MAX) throw usageError(`--rolling: ${span} must be an amount of USD from 0 to 1000000, as 2.50`)
    return { window, limit }
  }))
}

function listOf(flag: string, text: string): readonly string[] | null {
  if (text === NONE) return null
  const items = text.split(',').map((item) => item.trim()).filter((item) => item !== '')
  if (items.length === 0) throw usageError(`--${flag} must name something, or be none`)
  return items
}

function pairsOf(flag: string, text: string, names?: readonly string[]): Tags | null {
  if (text === NONE) return null
  const seen = new Set<string>()
  return Object.fromEntries(text.split(',').map((pair) => {
    const at = pair.indexOf('=')
    const name = pair.slice(0, Math.max(0, at)).trim()
    if (seen.has(name)) throw usageError(`--${flag} has ${name} twice: say it once`)
    seen.add(name)
    if (at < 1 || (names && !names.includes(name))) throw usageError(`--${flag} must be ${names ? names.map((known) => `${known}=…`).join(', ') : 'name=value'}, separated by commas`)
    return [name, pair.slice(at + 1).trim()]
  }))
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** How long an old secret lives on after a rotation: a day, unless said. */
export function readOverlap(invocation: Invocation): number {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(invocation.text('overlap') ?? '1d') ?? []
  const unitMs = UNITS_MS[unit ?? '']
  if (unitMs === undefined) throw usageError('--overlap must be a span like 30m, 12h or 7d')
  return Number(count) * unitMs
}

/** What a key is bound to, for people; nothing where it is not. */
export function extraFacts({ rules, ipRanges, tags, rateLimits, rolling, lastUsedMs, oldSecretEndsMs }: KeyRecord): [string, string][] {
  const pairs = (entries: Readonly<Record<string, string | undefined>>) => Object.entries(entries).map(([name, value]) => `${name}=${value ?? ''}`).join(', ')
  return [
    ...(rules.allowedModels ? [['models', rules.allowedModels.join(', ')] as [string, string]] : []),
    ...(rules.allowedProviders ? [['providers', rules.allowedProviders.join(', ')] as [string, string]] : []),
    ...(rules.maxPrice ? [['max price', pairs(rules.maxPrice)] as [string, string]] : []),
    ...(ipRanges ? [['networks', ipRanges.join(', ')] as [string, string]] : []),
    ...(tags ? [['tags', pairs(tags)] as [string, string]] : []),
    ...(rateLimits ? [['rates', Object.entries(ratesJson(rateLimits)).filter(([, value]) => value !== null).map(([what, value]) => `${what.replaceAll('_', ' ')} ${String(value)}`).join(', ')] as [string, string]] : []),
    ...rolling.map(({ window, limit, remaining }) => [`any ${sayWindow(window)}`, `${sayUsd(limit)}, ${sayUsd(remaining)} left`] as [string, string]),
    ['last used', lastUsedMs === null ? 'never' : `${sayTime(lastUsedMs)} UTC`],
    ...(oldSecretEndsMs === null ? [] : [['old secret', `until ${sayTime(oldSecretEndsMs)} UTC`] as [string, string]]),
  ]
}
