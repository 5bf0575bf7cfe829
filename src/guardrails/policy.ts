import { countryOf, dataPolicyOf } from '../catalog/data-policy.ts'
import type { Endpoint, Snapshot } from '../catalog/endpoint.ts'
import { findModel, providerSlug } from '../catalog/names.ts'
import { parseUsd, sayUsd } from '../core/nano.ts'
import type { PolicyRules, Region, ZdrGroup } from '../catalog/policy-rules.ts'

/** Whose rules they are. `name` is for people: `guardrail "Production"`, `the account`. */
export interface PolicyOwner {
  readonly kind: 'operator' | 'account' | 'workspace' | 'guardrail' | 'key' | 'host' | 'reseller'
  readonly name: string
  /** The guardrail's id, where it is one's. */
  readonly id?: string
}

export interface PolicySource { readonly owner: PolicyOwner; readonly rules: PolicyRules }

/** Why an endpoint may not be used: the rule in the contract's words (M25), and whose it is. */
export interface Denial {
  readonly rule: 'allowed_providers' | 'allowed_models' | 'data_policy:zdr' | 'data_policy:training' | 'data_region' | 'geo' | 'max_price'
  /** Follows the provider's name: `keeps prompts`. */
  readonly detail: string
  readonly owner: PolicyOwner
}

/** What a caller may use: all of what its sources say, together. Looks at an endpoint once and remembers. */
export interface Policy {
  readonly sources: readonly PolicySource[]
  /** The first rule that takes the endpoint out, by the sources' order; undefined: it may be used. */
  denial(endpoint: Endpoint): Denial | undefined
  /** The region that calls stay in, where a source wants one. */
  readonly region: Region | undefined
  /** How endpoints are sorted where the request does not say: the source nearest to the caller decides (C63). */
  readonly sort: PolicyRules['sort']
}

/** Nobody has ruled anything. */
export const NO_POLICY: Policy = Object.freeze({ sources: [], denial: () => undefined, region: undefined, sort: undefined })

/**
 * Puts sources together (contract F4), the operator's first and the nearest to the caller last: allow-lists by
 * intersection, ignore-lists by union, zero retention by OR for each group, switches by AND. That is: an endpoint is in when
 * no source takes it out, so that one more source never permits more.
 */
export function combine(sources: readonly PolicySource[], snapshot: Snapshot): Policy {
  const checks = sources.flatMap((source) => checksOf(source, snapshot))
  const region = sources.find(({ rules }) => rules.region !== undefined)?.rules.region
  const sort = sources.findLast(({ rules }) => rules.sort !== undefined)?.rules.sort
  if (checks.length === 0) return sources.length === 0 ? NO_POLICY : Object.freeze({ sources, denial: () => undefined, region, sort })
  const denials = new WeakMap<Endpoint, Denial | typeof ALLOWED>()
  const denial = (endpoint: Endpoint): Denial | undefined => {
    let found = denials.get(endpoint)
    if (found === undefined) denials.set(endpoint, found = firstDenial(checks, endpoint))
    return found === ALLOWED ? undefined : found
  }
  return Object.freeze({ sources, denial, region, sort })
}

const ALLOWED = 'allowed'

function firstDenial(checks: readonly Check[], endpoint: Endpoint): Denial | typeof ALLOWED {
  for (const check of checks) {
    const denial = check(endpoint)
    if (denial) return denial
  }
  return ALLOWED
}

type Check = (endpoint: Endpoint) => Denial | undefined

/** A rule's test: why it takes an endpoint out, undefined when it does not. */
type Test = (endpoint: Endpoint) => string | undefined

function checksOf({ owner, rules }: PolicySource, snapshot: Snapshot): Check[] {
  const checks: Check[] = []
  const add = (rule: Denial['rule'], test: Test | undefined) => {
    if (test) checks.push((endpoint) => denialOf(rule, owner, test(endpoint)))
  }
  add('allowed_models', modelTest(rules, snapshot))
  add('allowed_providers', providerTest(rules))
  add('data_policy:zdr', zdrTest(rules))
  add('data_policy:training', trainingTest(rules))
  add('data_region', regionTest(rules))
  add('geo', countryTest(rules))
  add('max_price', priceTest(rules))
  return checks
}

function denialOf(rule: Denial['rule'], owner: PolicyOwner, detail: string | undefined): Denial | undefined {
  return detail === undefined ? undefined : Object.freeze({ rule, owner, detail })
}

const LISTED_MAX = 6

function modelTest({ allowedModels, ignoredModels }: PolicyRules, snapshot: Snapshot): Test | undefined {
  if (!allowedModels && !ignoredModels) return undefined
  const [allowed, ignored] = [modelSet(allowedModels, snapshot), modelSet(ignoredModels, snapshot)]
  return ({ modelId }) => {
    if (ignored && holdsModel(ignored, modelId)) return `the model ${modelId} is among those ignored`
    return allowed && !holdsModel(allowed, modelId) ? `the model ${modelId} is not among those allowed (${listed(allowedModels ?? [])})` : undefined
  }
}

/** Ids of the models that are named. A name that is no model's now is kept: it may be one's later, and allows nothing till then. */
function modelSet(names: readonly string[] | undefined, snapshot: Snapshot): ReadonlySet<string> | undefined {
  return names && new Set(names.map((name) => findModel(snapshot, name)?.model.id ?? name.trim().toLowerCase()))
}

function holdsModel(models: ReadonlySet<string>, id: string): boolean {
  return models.has(id) || models.has(`${id.slice(0, id.indexOf('/'))}/*`)
}

function providerTest({ allowedProviders, ignoredProviders }: PolicyRules): Test | undefined {
  if (!allowedProviders && !ignoredProviders) return undefined
  const [allowed, ignored] = [providerSet(allowedProviders), providerSet(ignoredProviders)]
  return (endpoint) => {
    if (ignored && holdsProvider(ignored, endpoint)) return 'among the providers ignored'
    return allowed && !holdsProvider(allowed, endpoint) ? `not among the providers allowed (${listed(allowedProviders ?? [])})` : undefined
  }
}

/** As in `provider.only` (C23): slug, display name or tag, aliases, any case. */
function providerSet(names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return names && new Set(names.flatMap((name) => [name.trim().toLowerCase(), providerSlug(name), providerSlug(name.trim().replaceAll(' ', '-'))]))
}

function holdsProvider(providers: ReadonlySet<string>, { provider, tag }: Endpoint): boolean {
  return providers.has(provider.slug) || providers.has(tag) || providers.has(provider.name.toLowerCase())
}

/** Which group's switch holds for a model: its maker's (E7). */
export function zdrGroupOf(modelId: string): ZdrGroup {
  const author = modelId.slice(0, modelId.indexOf('/')).replace(/^~/, '')
  if (author === 'x-ai' || author === 'xai') return 'xai'
  return author === 'anthropic' || author === 'openai' || author === 'google' ? author : 'other'
}

function zdrTest({ zdr }: PolicyRules): Test | undefined {
  if (!zdr || zdr.length === 0) return undefined
  const groups = new Set(zdr)
  return (endpoint) => (groups.has(zdrGroupOf(endpoint.modelId)) && dataPolicyOf(endpoint).retains ? keepsWords(endpoint) : undefined)
}

function trainingTest({ paidTraining, freeTraining, freePublication }: PolicyRules): Test | undefined {
  if (paidTraining !== false && freeTraining !== false && freePublication !== false) return undefined
  return (endpoint) => {
    const { trains, publishes, source } = dataPolicyOf(endpoint)
    const unsure = source === undefined ? ' (it has published no policy)' : ''
    const isFree = endpoint.price.state === 'free'
    if (trains && (isFree ? freeTraining : paidTraining) === false) return `may train on prompts${unsure}`
    return isFree && publishes && freePublication === false ? `may publish prompts${unsure}` : undefined
  }
}

function keepsWords(endpoint: Endpoint): string {
  const { retentionDays, source } = dataPolicyOf(endpoint)
  if (source === undefined) return 'may keep prompts (it has published no policy)'
  return retentionDays === undefined ? 'keeps prompts' : `keeps prompts for ${retentionDays} days`
}

function regionTest({ region }: PolicyRules): Test | undefined {
  if (region === undefined) return undefined
  return (endpoint) => {
    const own = dataPolicyOf(endpoint).region
    return own === region || endpoint.provider.slug === 'demo' ? undefined : own === undefined ? `not known to process prompts in ${region} alone` : `processes prompts in ${own}, not in ${region}`
  }
}

function countryTest({ allowedCountries, blockedCountries }: PolicyRules): Test | undefined {
  if (!allowedCountries && !blockedCountries) return undefined
  const [allowed, blocked] = [countrySet(allowedCountries), countrySet(blockedCountries)]
  return ({ provider }) => {
    if (provider.slug === 'demo') return undefined
    const country = countryOf(provider)
    if (country === undefined) return 'from a country that is not known'
    if (blocked?.has(country)) return `from ${country}, which is blocked`
    return allowed && !allowed.has(country) ? `from ${country}, which is not among the countries allowed (${listed(allowedCountries ?? [])})` : undefined
  }
}

/** A price that is not known is above every ceiling. Where one differs by the length of a prompt, its dearest counts. */
function priceTest({ maxPrice }: PolicyRules): Test | undefined {
  if (!maxPrice) return undefined
  const capOf = (name: 'prompt' | 'completion' | 'request') => (maxPrice[name] === undefined ? undefined : parseUsd(maxPrice[name]))
  const [prompt, completion, request] = [capOf('prompt'), capOf('completion'), capOf('request')]
  return ({ price }) => {
    if (price.state === 'free') return undefined
    if (price.state === 'unpriced') return 'of a price that is not known, under a ceiling of prices'
    const all = [price, ...(price.overrides ?? [])]
    if (prompt !== undefined && all.some((one) => (one.prompt ?? 0n) > prompt)) return `dearer than ${sayUsd(prompt)} per million tokens of prompt`
    if (completion !== undefined && all.some((one) => (one.completion ?? 0n) > completion)) return `dearer than ${sayUsd(completion)} per million tokens of answer`
    return request !== undefined && (price.request ?? 0n) > request ? `dearer than ${sayUsd(request)} a request` : undefined
  }
}

function countrySet(codes: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return codes && new Set(codes.map((code) => code.toUpperCase()))
}

function listed(names: readonly string[]): string {
  return names.length <= LISTED_MAX ? names.join(', ') : `${names.slice(0, LISTED_MAX).join(', ')} and ${names.length - LISTED_MAX} more`
}
