import { nearestModels, providerSlug } from '../catalog/names.ts'
import type { Endpoint, Snapshot } from '../catalog/endpoint.ts'
import type { Call } from '../core/call.ts'
import { Fault, type FaultCode } from '../core/fault.ts'
import { sayUsd } from '../core/nano.ts'
import { availability, AVAILABILITY, type AvailabilityCode } from './availability.ts'
import { windowOf } from './bound.ts'
import { NOT_COUNTED, type Candidates } from './candidates.ts'
import type { Exclusion } from './plan.ts'
import { guardrailed, isListed, PLACE_RULES, policyWords } from './policy-words.ts'

type Rule = Exclusion['rule']

/** Names, and reasons, in one message. */
const LISTED_MAX = 8

/** What a rule is called in `excluded_by` (the contract's nine words, the nearest one where ours is not among them), which field of the request asked for it, and what people are told. */
interface RuleWords {
  readonly excludedBy: string
  readonly field: string
  /** Follows the names of providers: `Groq, Azure: …`. */
  readonly why: (exclusion: Exclusion) => string
  readonly relax: string
}

/** Rules of the request, which whoever calls can relax; the operator's have sentences of their own. */
const RULES: Readonly<Partial<Record<Rule, RuleWords>>> = {
  ignored: { excludedBy: 'allowed_providers', field: 'provider.ignore', why: () => 'in provider.ignore', relax: 'take a name out of provider.ignore' },
  not_in_only: { excludedBy: 'allowed_providers', field: 'provider.only', why: () => 'not in provider.only', relax: 'add a name to provider.only' },
  not_in_order: { excludedBy: 'allowed_providers', field: 'provider.order', why: () => 'not in provider.order while allow_fallbacks is false', relax: 'add a name to provider.order or set provider.allow_fallbacks to true' },
  service_tier: { excludedBy: 'allowed_providers', field: 'provider.only', why: ({ detail }) => detail, relax: 'name the tier in provider.only or leave service_tier out' },
  require_parameters: { excludedBy: 'require_parameters', field: 'provider.require_parameters', why: ({ detail }) => `without ${detail}`, relax: 'set provider.require_parameters to false or leave the parameter out' },
  distillable: { excludedBy: 'require_parameters', field: 'provider.enforce_distillable_text', why: () => 'nobody says that its answers may train other models (the operator can: models.<id>.distillable)', relax: 'set provider.enforce_distillable_text to false' },
  quantization: { excludedBy: 'quantization', field: 'provider.quantizations', why: ({ detail }) => `quantization ${detail}`, relax: 'add it to provider.quantizations' },
  max_price: { excludedBy: 'max_price', field: 'provider.max_price', why: priceWords, relax: 'raise provider.max_price' },
  'data_policy:training': { excludedBy: 'data_policy:training', field: 'provider.data_collection', why: ({ detail }) => detail, relax: 'set provider.data_collection to "allow"' },
  'data_policy:zdr': { excludedBy: 'data_policy:zdr', field: 'provider.zdr', why: ({ detail }) => detail, relax: 'set provider.zdr to false' },
  modality: { excludedBy: 'require_parameters', field: 'messages', why: ({ detail }) => detail, relax: 'choose a model that takes this kind of content' },
  reasoning: { excludedBy: 'require_parameters', field: 'reasoning', why: ({ detail }) => detail, relax: 'leave out what turns reasoning off (effort "none", enabled: false, max_tokens: 0)' },
  max_tokens: { excludedBy: 'context_length', field: 'max_tokens', why: ({ detail }) => detail, relax: 'lower max_tokens' },
  context_length: { excludedBy: 'context_length', field: 'messages', why: ({ detail }) => detail, relax: 'shorten the prompt' },
}

/** What whoever calls could change so that this rule no longer applies: the field of the request, and how. Undefined: only the operator could. */
export function relaxing({ rule, by }: Exclusion): { readonly field: string; readonly how: string } | undefined {
  const words = by ? undefined : RULES[rule]
  return words && { field: words.field, how: words.relax }
}

/** What a policy's rule is called in `excluded_by`, where it is not the rule's own name. */
const POLICY_NAMES: Readonly<Partial<Record<Rule, string>>> = { allowed_models: 'allowed_providers' }

/** What people are told of a rule; undefined for what only the operator can mend. */
function wordsOf({ rule, by }: Exclusion): RuleWords | undefined {
  return by ? { excludedBy: POLICY_NAMES[rule] ?? rule, ...policyWords(by) } : RULES[rule]
}

/**
 * The Fault of a call that no endpoint is left for: who serves the model, which rule took each out, and what to change, on
 * the client's side where a provider is ready, else on the operator's.
 */
export function noEndpoints(call: Call, groups: readonly Candidates[], excluded: readonly Exclusion[], snapshot: Snapshot): Fault {
  const names = groups.map(({ requested }) => requested).join(', ')
  const demanded = excluded.filter((exclusion) => wordsOf(exclusion))
  const atReady = demanded.filter(({ endpoint }) => endpoint.provider.notReady === undefined)
  const operators = excluded.filter(({ rule }) => rule === 'not_ready' || rule === 'unpriced')
  if (atReady.length === 0 && (operators.length > 0 || demanded.length === 0)) {
    return excluded.some(({ rule }) => rule === 'deprecated') && operators.length === 0 ? deprecated(call, groups, names, snapshot) : operatorsFault(call, groups, names, operators, snapshot)
  }
  // Where no provider is ready at all, both must change: the demand, and then a credential.
  const unready = atReady.length === 0 ? demanded : operators
  return demandsFault(call, groups, names, atReady.length === 0 ? demanded : atReady, unready)
}

/** What the client asks for leaves nobody. `relaxable`: who would serve it if it asked for less. */
function demandsFault(call: Call, groups: readonly Candidates[], names: string, relaxable: readonly Exclusion[], unready: readonly Exclusion[]): Fault {
  if (relaxable.every(({ rule }) => rule === 'context_length')) return tooLong(call, relaxable)
  if (relaxable.every(({ rule }) => rule === 'reasoning')) return mustReason(call, names, relaxable)
  const [first] = relaxable
  const words = first && wordsOf(first)
  const [code, faultCode] = codeOf(call, relaxable, groups)
  const facts = {
    requestedModels: call.models,
    affectedProviders: providersOf(relaxable),
    excludedBy: excludedBy(relaxable),
    ...(words ? { constraint: { field: code === 'wrong_endpoint' ? 'model' : words.field, detail: `${first.endpoint.tag}: ${words.why(first)}` } } : {}),
  }
  const message = `No endpoints found for ${names} that can serve this request. ${sentences(relaxable)}${placeWords(call, groups) || advice(relaxable)}${notReadyWords(unready.filter(({ by }) => !by))}`
  // F6: a guardrail's list answers 403, and is no matter of what is there to be had.
  const guardrail = guardrailed(relaxable)?.by
  if (guardrail) return new Fault('permission_denied', message, { metadata: { guardrail_id: guardrail.id ?? null, excluded_by: facts.excludedBy, affected_providers: facts.affectedProviders } })
  return new Fault(faultCode, message, { status: AVAILABILITY[code].status, availability: availability(code, facts) })
}

function codeOf(call: Call, relaxable: readonly Exclusion[], groups: readonly Candidates[]): readonly [AvailabilityCode, FaultCode] {
  // Who is on nobody's list would not be asked anyway: the reason is what keeps the others out.
  const asked = relaxable.filter((exclusion) => !isListed(exclusion))
  if (asked.length > 0 && asked.every(({ rule }) => rule.startsWith('data_policy:'))) return ['privacy_restricted', 'no_endpoints']
  if (asked.length > 0 && asked.every(({ rule }) => PLACE_RULES.has(rule))) return ['region_restricted', 'permission_denied']
  if (isWrongEndpoint(call, groups) && relaxable.every(({ rule }) => rule === 'modality')) return ['wrong_endpoint', 'invalid_request']
  return ['constraint_filtered', 'no_endpoints']
}

/** Models that do another thing than what was asked: words for vectors, vectors for words, or neither of them. */
function isWrongEndpoint({ needs }: Call, groups: readonly Candidates[]): boolean {
  const asked = needs.outputs.includes('embeddings') ? 'embeddings' : 'text'
  return groups.every(({ index }) => !index.model.outputs.includes(asked))
}

/** Where those models are called that were asked for at the wrong place. */
function placeWords(call: Call, groups: readonly Candidates[]): string {
  if (!isWrongEndpoint(call, groups)) return ''
  if (call.needs.outputs.includes('embeddings')) return ' GET /api/v1/embeddings/models lists the models that make embeddings.'
  return groups.every(({ index }) => index.model.outputs.includes('embeddings')) ? ' It makes embeddings: call POST /api/v1/embeddings.' : ''
}

/** C64. Clients know this error by its first words. */
function tooLong(call: Call, relaxable: readonly Exclusion[]): Fault {
  const longest = relaxable.reduce((most, { endpoint }) => Math.max(most, Math.min(endpoint.promptMax ?? Infinity, windowOf(endpoint))), 0)
  const detail = `the longest window is ${longest} tokens`
  return new Fault('context_length_exceeded', `This model's maximum context length is ${longest} tokens, and the prompt is longer. Shorten the prompt, or name a model with a longer context in models.`, {
    availability: availability('constraint_filtered', {
      requestedModels: call.models, affectedProviders: providersOf(relaxable), excludedBy: ['context_length'], constraint: { field: 'messages', detail },
    }),
  })
}

/** B26, C57. */
function mustReason(call: Call, names: string, relaxable: readonly Exclusion[]): Fault {
  const words = RULES.reasoning
  return new Fault('invalid_request', `reasoning: ${names} cannot answer without reasoning${words ? `; ${words.relax}` : ''}, or name another model.`, {
    metadata: { field: 'reasoning' },
    availability: availability('constraint_filtered', { requestedModels: call.models, affectedProviders: providersOf(relaxable), excludedBy: excludedBy(relaxable), constraint: { field: 'reasoning', detail: 'reasoning cannot be turned off' } }),
  })
}

function deprecated(call: Call, groups: readonly Candidates[], names: string, snapshot: Snapshot): Fault {
  const instead = readyModels(snapshot, groups)
  const hint = instead.length > 0 ? ` Use ${instead.join(' or ')}.` : ''
  return new Fault('no_endpoints', `No endpoints found for ${names}: the model has been taken away by those who served it.${hint}`, {
    availability: availability('model_deprecated', { requestedModels: call.models, fallbackModels: instead }),
  })
}

/** Nothing the client could change would help: credentials, providers turned off, prices that nobody knows. */
function operatorsFault(call: Call, groups: readonly Candidates[], names: string, operators: readonly Exclusion[], snapshot: Snapshot): Fault {
  const unpriced = operators.filter(({ rule }) => rule === 'unpriced')
  const isAllowed = unpriced.some(({ detail }) => detail === NOT_COUNTED)
  const wayOut = isAllowed ? `${NOT_COUNTED}; give it a price in switchyard.yaml` : 'the price is not known; give one in switchyard.yaml, or write `unpriced: allow` there'
  const unpricedWords = unpriced.length === 0 ? '' : ` ${list(unpriced.map(nameOf))}: ${wayOut}.`
  const why = operators.length === 0 ? ' No provider serves it.' : `${unpricedWords}${notReadyWords(operators)}`
  return new Fault('no_endpoints', `No endpoints found for ${names}.${why}`, {
    availability: availability('no_endpoints', { requestedModels: call.models, affectedProviders: providersOf(operators), fallbackModels: readyModels(snapshot, groups) }),
  })
}

/** What each rule took out, a sentence for each reason. */
function sentences(relaxable: readonly Exclusion[]): string {
  const byWhy = new Map<string, string[]>()
  for (const exclusion of relaxable) {
    const why = wordsOf(exclusion)?.why(exclusion) ?? exclusion.detail
    byWhy.set(why, [...(byWhy.get(why) ?? []), nameOf(exclusion)])
  }
  const said = [...byWhy].map(([why, providers]) => `${list(providers)}: ${why}.`)
  return said.length <= LISTED_MAX ? said.join(' ') : `${said.slice(0, LISTED_MAX).join(' ')} The others: likewise.`
}

function advice(relaxable: readonly Exclusion[]): string {
  const steps = [...new Set(relaxable.map((exclusion) => wordsOf(exclusion)?.relax ?? ''))].join(', or ')
  return ` To go on, ${steps}.`
}

/** How `Provider.notReady` begins where nothing but the secret lacks. */
const SECRET_MISSING = 'no credential'

/** Providers that must be made ready, and how: which variable or line to set. */
function notReadyWords(excluded: readonly Exclusion[]): string {
  const unready = excluded.map(({ endpoint }) => endpoint).filter(({ provider }) => provider.notReady !== undefined)
  const lacking = unready.filter(({ provider }) => provider.notReady?.startsWith(SECRET_MISSING))
  const others = unready.filter(({ provider }) => !provider.notReady?.startsWith(SECRET_MISSING))
  return `${credentialWords(lacking)}${others.length === 0 ? '' : ` Not ready: ${list(others.map(({ provider }) => `${provider.name} (${provider.notReady ?? ''})`))}.`}`
}

/** The model's own maker comes first: that is the credential that people have most often. */
function credentialWords(lacking: readonly Endpoint[]): string {
  const providers = [...new Map(lacking.toSorted((a, b) => Number(isMakers(b)) - Number(isMakers(a))).map(({ provider }) => [provider.slug, provider])).values()]
  const [first] = providers
  if (!first) return ''
  if (providers.length === 1) {
    const variable = first.env[0] === undefined ? '' : `set ${first.env[0]} in the environment or .env, or `
    return ` ${first.name} serves it and has no credential here: ${variable}write providers.${first.slug}.api_key in switchyard.yaml.`
  }
  const names = providers.map((provider) => `${provider.name} (${provider.env[0] ?? `providers.${provider.slug}.api_key`})`)
  return ` ${list(names)} serve it and have no credential here: set the variable of one in the environment or .env, or its providers.<name>.api_key in switchyard.yaml.`
}

function isMakers({ modelId, provider }: Endpoint): boolean {
  return providerSlug(modelId.slice(0, modelId.indexOf('/'))) === provider.slug
}

function priceWords({ endpoint: { price }, detail }: Exclusion): string {
  if (price.state === 'unpriced') return detail
  return `${sayUsd(price.prompt)} for prompts and ${sayUsd(price.completion)} for answers per million tokens, above provider.max_price.${detail}`
}

const READY_MODELS_MAX = 3
const NEAREST_MAX = 20

/** Other models with a like name that could be called now. */
function readyModels(snapshot: Snapshot, groups: readonly Candidates[]): string[] {
  const near = groups.flatMap(({ requested }) => nearestModels(snapshot, requested, NEAREST_MAX))
  const asked = new Set(groups.map(({ index }) => index.model.id))
  const isReady = ({ provider, deprecated: old, price }: Endpoint) => provider.notReady === undefined && !old && (price.state !== 'unpriced' || snapshot.unpricedAllowed === true)
  const ready = near.filter((id) => !asked.has(id) && snapshot.models.get(id)?.endpoints.some(isReady))
  return [...new Set(ready)].slice(0, READY_MODELS_MAX)
}

function providersOf(excluded: readonly Exclusion[]): string[] {
  return [...new Set(excluded.map(({ endpoint }) => endpoint.provider.slug))]
}

function excludedBy(excluded: readonly Exclusion[]): string[] {
  return [...new Set(excluded.flatMap((exclusion) => wordsOf(exclusion)?.excludedBy ?? []))]
}

/** Display name, with region or variant where the tag says one. */
function nameOf({ endpoint }: { readonly endpoint: Endpoint }): string {
  const { provider, tag } = endpoint
  return tag === provider.slug ? provider.name : `${provider.name} (${tag})`
}

function list(names: readonly string[]): string {
  const all = [...new Set(names)]
  return all.length <= LISTED_MAX ? all.join(', ') : `${all.slice(0, LISTED_MAX).join(', ')} and ${all.length - LISTED_MAX} more`
}
