import type { AbilityRow, EndpointRow, ModelRow, PriceRow, ReasoningRow } from '../rows.ts'
import type { FeedOffering } from './feed.ts'
import type { Placed } from './group.ts'
import { ACCESS, FREE_OFFERINGS, FREE_TIERS } from './access.ts'
import { readCost } from './cost.ts'
import { makerProvider } from './maker.ts'

/** What somebody should look at: a merge that may be wrong, an offering that was left out. */
export interface Note { readonly kind: 'dropped' | 'twice' | 'outlier' | 'price' | 'unpriced'; readonly id: string; readonly text: string }

const MODALITIES: Readonly<Record<string, string>> = { text: 'text', image: 'image', pdf: 'file', file: 'file', audio: 'audio', video: 'video' }
const SLIP = 20
const ORDER = ['text', 'image', 'file', 'audio', 'video']
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
/** Not spoken to through chat or as embeddings: rankers, speech and its recognition, moderation, routers. */
const NO_CHAT = /rerank|whisper|-tts|tts-|(?:^|[/-])(?:stt|asr|orpheus|nova-3$|melotts|elevenlabs|realtime|transcribe|voicechat|moderation)|guard|safety|active-speaker|usdvalidate|detector|cosmos|indictrans|distilbert|smart-turn|bart-large|esm2|esmfold|aura-2|auto-router|auto-model|coding-router|kilo-auto|model-router|route-llm|(?:^|\/)custom$|(?:^|\/)auto$/
/** Makes vectors, not words: the feed calls their output text. */
const EMBEDS = /embed|(?:^|[/-])(?:bge|gte|e5|all-mini|multi-qa)|(?:^|\/)voyage-/
/** Offers of embeddings that are not served below the address of the provider's chats, as its API reference has them (2025-11). */
const EMBEDS_ELSEWHERE = /^(?:huggingface|cloudflare-ai-gateway) |^azure cohere-/
/** OpenAI's models that speak the Responses API only. */
const RESPONSES_ONLY = /^openai\/(?:o\d-pro|gpt-5(?:\.\d)?-pro|gpt-5(?:\.\d)?-codex|codex|.*deep-research|computer-use)/
/** OpenAI's models with a `verbosity` (GPT-5 and later). */
const VERBOSE = /^openai\/gpt-[5-9]/

/** True for an offer of embeddings. */
function embeds(upstream: string): boolean {
  return EMBEDS.test(upstream.toLowerCase()) && !/rerank/i.test(upstream)
}

/** True for what a call of ours can be sent to: a chat, an image, or embeddings. */
export function isServable(one: Placed): boolean {
  const { offering, upstream } = one
  if (embeds(upstream)) return !EMBEDS_ELSEWHERE.test(`${one.provider.slug} ${upstream}`)
  if (NO_CHAT.test(upstream.toLowerCase()) || /^(?:~|openrouter\/)/.test(upstream)) return false
  const outputs = modalitiesOf(offering.outputs)
  return outputs.includes('image') || outputs.includes('video') || (offering.limit.context !== undefined && outputs !== '')
}

/**
 * Models whose thinking is a mode, and a variant of every name of theirs: `anthropic/claude-opus-4.6:thinking` is that model
 * wherever it is served. Offers of the mode alone must not stand in its way: they have rows by another name.
 */
function hasThinkingMode(id: string): boolean {
  return /^(?:anthropic\/claude-|deepseek\/deepseek-(?:chat-)?v3\.[12]|google\/gemini-(?:2\.5|3)|z-ai\/glm-(?:4\.[5-9]|5)|moonshotai\/kimi-k2\.5)/.test(id)
}

/** The rows of all models, sorted by id, and what should be looked at. */
export function modelRows(placed: readonly Placed[]): { rows: ModelRow[]; notes: Note[] } {
  const notes: Note[] = []
  const groups = new Map<string, Placed[]>()
  for (const one of placed) {
    if (!isServable(one)) { notes.push({ kind: 'dropped', id: one.id, text: `${one.provider.slug} ${one.upstream}` }); continue }
    const { suffix } = one.clean
    const id = suffix === undefined ? one.id : `${one.id}${hasThinkingMode(one.id) ? '-' : ':'}${suffix}`
    groups.set(id, [...(groups.get(id) ?? []), one])
  }
  const rows = [...groups].flatMap(([id, group]) => rowsOf(id, group, notes))
  return { rows: withoutDoubtfulAliases(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))), notes }
}

/** An alias that is another model's id, or that two models have, names neither. */
function withoutDoubtfulAliases(rows: readonly ModelRow[]): ModelRow[] {
  const owners = new Map(rows.map((row) => [row.id, 1]))
  for (const name of rows.flatMap((row) => row.aliases ?? [])) owners.set(name, (owners.get(name) ?? 0) + 1)
  return rows.map(({ aliases, ...row }) => {
    const kept = aliases?.filter((name) => owners.get(name) === 1) ?? []
    return kept.length === 0 ? row : { ...row, aliases: kept }
  })
}

type Priced = Placed & { readonly price: PriceRow | 'free' | undefined; readonly isFreeRow: boolean }

/** A group is one row, and a second `:free` one where some serve it for nothing. */
function rowsOf(id: string, group: readonly Placed[], notes: Note[]): ModelRow[] {
  const isSold = group.some((one) => { const cost = readCost(one.offering.cost); return cost !== undefined && cost !== 'zero' && cost !== 'wrong' })
  const priced = group.map((one) => priceOffering(id, one, isSold, notes))
  const paid = priced.filter((one) => !one.isFreeRow)
  const free = priced.filter((one) => one.isFreeRow)
  const made: ModelRow[] = []
  if (paid.length > 0) made.push(modelRow(id, paid, group, notes))
  if (free.length > 0) made.push(modelRow(`${id}:free`, free, group, notes))
  return made
}

function priceOffering(id: string, one: Placed, isSold: boolean, notes: Note[]): Priced {
  const cost = readCost(one.offering.cost)
  if (cost === 'wrong') notes.push({ kind: 'price', id, text: `${one.provider.slug} ${one.upstream}: ${JSON.stringify(one.offering.cost)}` })
  if (cost === undefined || cost === 'wrong') return { ...one, price: undefined, isFreeRow: one.clean.isFree }
  if (cost !== 'zero') return { ...one, price: withHourWrites(id, cost), isFreeRow: false }
  if (one.clean.isFree || FREE_TIERS.has(one.provider.slug) || (isSold && one.provider.slug === makerProvider(id))) return { ...one, price: 'free', isFreeRow: true }
  if (FREE_OFFERINGS.has(`${one.provider.slug} ${one.upstream}`)) return { ...one, price: 'free', isFreeRow: false }
  // A zero is a promotion, a plan, a price of another unit, or a hole in the feed: nobody is billed nothing on its word.
  notes.push({ kind: 'unpriced', id, text: `${one.provider.slug} ${one.upstream}: 0 is not taken for a price` })
  return { ...one, price: undefined, isFreeRow: false }
}

/** Anthropic bills writes that live an hour at twice the prompt's price (docs, prompt caching, 2025-08); the feed has only the other ones. */
function withHourWrites(id: string, price: PriceRow): PriceRow {
  if (!id.startsWith('anthropic/') || price.cache_write === undefined) return price
  const { tiers, ...rest } = price
  return { ...rest, cache_write_1h: twice(price.input), ...(tiers && { tiers: tiers.map((tier) => (tier.input === undefined ? tier : { ...tier, cache_write_1h: twice(tier.input) })) }) }
}

/** Twice a decimal, digit by digit in integers. */
function twice(decimal: string): string {
  const [whole = '0', fraction = ''] = decimal.split('.')
  const digits = (BigInt(whole + fraction) * 2n).toString().padStart(fraction.length + 1, '0')
  const text = fraction === '' ? digits : `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function modelRow(id: string, all: readonly Priced[], group: readonly Placed[], notes: Note[]): ModelRow {
  const kept = withoutSlips(id, oneEach(id, all, notes), notes)
  const first = reference(id, group)
  const ability = abilityOf(id, first, group)
  const suffix = id.slice(first.id.length)
  const aliases = aliasesOf(id, all, suffix)
  const dated = aliases.find((alias) => alias.startsWith(`${id.replace(/:.*$/, '')}-`) && /-\d{8}(?::|$)/.test(alias))
  const { offering } = first
  return {
    id, name: nameOf(offering, suffix), ...(dated !== undefined && { canonical: dated }), ...(aliases.length > (dated === undefined ? 0 : 1) && { aliases: aliases.filter((alias) => alias !== dated) }),
    ...(offering.released !== undefined && { released: offering.released }), ...(offering.knowledge !== undefined && { knowledge: offering.knowledge }),
    ...(offering.weights !== undefined && { huggingFace: offering.weights.replace('https://huggingface.co/', '') }), ...ability,
    endpoints: kept.flatMap((one) => [endpointRow(id, one, ability), ...priorityRow(id, one, ability)]),
  }
}

function nameOf(offering: FeedOffering, suffix: string): string {
  const name = (offering.name ?? '').replace(/ \((?:latest|free|us|eu|global|jp|au)\)/gi, '').trim()
  const words = suffix.slice(1).replaceAll(':', ', ')
  return suffix === '' || name === '' || name.toLowerCase().includes(words) ? name : `${name} (${words})`
}

/** The offering whose facts are the model's: its maker's, else OpenRouter's, else the one with the most to say. */
function reference(id: string, group: readonly Placed[]): Placed {
  const rank = ({ provider, offering, clean }: Placed) => (provider.slug === makerProvider(id) ? 8 : 0) + (offering.base !== undefined ? 4 : 0) + (provider.slug === 'openrouter' ? 2 : 0)
    + (offering.released !== undefined ? 1 : 0) - (clean.variant === undefined && !clean.isFree ? 0 : 0.5)
  const [best] = group.toSorted((a, b) => rank(b) - rank(a) || compare(a, b))
  // A group has at least the offering that made it.
  return best!
}

/** One endpoint for each provider and variant. Of several names for it, the dated one stays: it does not move. */
function oneEach(id: string, all: readonly Priced[], notes: Note[]): Priced[] {
  const byTag = new Map<string, Priced>()
  for (const one of apartByQuantization(all).toSorted(compare)) {
    const tag = `${one.provider.slug}/${one.clean.variant ?? ''}`
    const other = byTag.get(tag)
    const [kept, left] = other === undefined ? [one, undefined] : prefer(other, one)
    byTag.set(tag, kept)
    if (left && JSON.stringify(left.price) !== JSON.stringify(kept.price)) {
      notes.push({ kind: 'twice', id, text: `${tag}: ${kept.upstream} ${sayPrice(kept)} is kept, ${left.upstream} ${sayPrice(left)} is not` })
    }
  }
  return [...byTag.values()].toSorted(compare)
}

/** Where a provider sells a model at several quantizations, each but the plain one is a variant. */
function apartByQuantization(all: readonly Priced[]): Priced[] {
  const plain = new Set(all.filter((one) => one.clean.quantization === undefined).map((one) => `${one.provider.slug}/${one.clean.variant ?? ''}`))
  return all.map((one) => {
    const { quantization, variant } = one.clean
    const isSecond = quantization !== undefined && plain.has(`${one.provider.slug}/${variant ?? ''}`)
    return isSecond ? { ...one, clean: { ...one.clean, variant: [variant, quantization].filter((part) => part !== undefined).join('-') } } : one
  })
}

function prefer(a: Priced, b: Priced): [Priced, Priced] {
  const rank = (one: Priced) => (one.price === undefined ? 0 : 8) + (one.offering.status === 'deprecated' ? 0 : 4) + (one.clean.date === undefined ? 0 : 2)
    + (one.clean.quantization === undefined ? 1 : 0)
  return rank(b) > rank(a) ? [b, a] : [a, b]
}

/** Its maker first, then the providers we know more of, then by slug: an order that does not hang on the feed's. */
function compare(a: Placed, b: Placed): number {
  const key = (one: Placed) => `${makerProvider(one.id) === one.provider.slug ? 0 : ACCESS[one.provider.slug]?.headquarters === undefined ? 2 : 1} ${one.provider.slug} ${one.clean.variant ?? ''} ${one.upstream.length.toString().padStart(3, '0')} ${one.upstream}`
  return key(a) < key(b) ? -1 : 1
}

function aliasesOf(id: string, all: readonly Priced[], suffix: string): string[] {
  const author = id.slice(0, id.indexOf('/'))
  const base = id.slice(0, id.length - suffix.length)
  const names = new Set<string>()
  for (const { clean } of all) {
    if (clean.date !== undefined) names.add(`${base}-${clean.date}${suffix}`)
    names.add(`${author}/${clean.slug}${clean.date === undefined ? '' : `-${clean.date}`}${suffix}`)
  }
  if (author === 'anthropic') names.add(id.replaceAll('.', '-'))
  names.delete(id)
  return [...names].filter((name) => /^[\w.-]+\/[\w.+-]+(?::[a-z]+)*$/.test(name)).toSorted()
}

function abilityOf(id: string, first: Placed, group: readonly Placed[]): AbilityRow {
  const { offering } = first
  if (embeds(first.upstream)) return embedderOf(offering)
  const says = group.filter((one) => one.offering.structured !== undefined)
  const structured = offering.structured ?? says.filter((one) => one.offering.structured).length * 2 > says.length
  return {
    inputs: modalitiesOf(offering.inputs) || 'text', ...(modalitiesOf(offering.outputs) !== 'text' && { outputs: modalitiesOf(offering.outputs) }),
    ...limits(offering), can: canOf(id, offering, structured), ...reasoningOf(id, offering),
  }
}

/** What the feed calls the output of such a model is the length of its vectors. */
function embedderOf(offering: FeedOffering): AbilityRow {
  const { context } = offering.limit
  return { inputs: modalitiesOf(offering.inputs) || 'text', outputs: 'embeddings', ...(context !== undefined && { context }), can: '' }
}

function endpointRow(id: string, one: Priced, model: AbilityRow): EndpointRow {
  const { offering, provider, clean, upstream } = one
  const structured = offering.structured ?? (model.can ?? '').split(' ').includes('structured')
  const own: AbilityRow = embeds(upstream) ? embedderOf(offering) : {
    ...(offering.inputs.length > 0 && { inputs: modalitiesOf(offering.inputs) || 'text' }), ...(offering.outputs.length > 0 && modalitiesOf(offering.outputs) !== (model.outputs ?? 'text') && { outputs: modalitiesOf(offering.outputs) }),
    ...limits(offering), can: canOf(id, offering, structured), ...reasoningOf(id, offering),
  }
  const via = viaOf(id, one)
  return {
    provider: provider.slug, upstream, ...(clean.variant !== undefined && { variant: clean.variant }), ...(via !== undefined && { via }),
    ...(one.price !== undefined && { price: one.price }), ...differences(own, model),
    ...(offering.limit.input !== undefined && offering.limit.input < (offering.limit.context ?? 0) && { prompt: offering.limit.input }),
    ...(clean.quantization !== undefined && { quantization: clean.quantization === 'awq' ? 'int4' : clean.quantization === 'w8a8' ? 'int8' : clean.quantization }),
    ...(offering.status === 'deprecated' && { deprecated: true as const }),
  }
}

/** Providers whose priority tier we know how to ask for; others sell another's, and what they take of it is not known. */
const PRIORITY = new Set(['openai', 'anthropic'])

/** The same offering at its provider's priority tier, an endpoint of its own. */
function priorityRow(id: string, one: Priced, model: AbilityRow): EndpointRow[] {
  const cost = one.offering.priorityCost && readCost(one.offering.priorityCost)
  if (!PRIORITY.has(one.provider.slug) || cost === undefined || typeof cost === 'string' || id.endsWith('-fast')) return []
  const { provider, upstream, ...rest } = endpointRow(id, one, model)
  return [{ provider, upstream, tier: 'priority', ...rest, variant: 'priority', price: withHourWrites(id, cost) }]
}

/** The name of the provider's other dialect that serves this offering. */
function viaOf(id: string, { offering, provider }: Priced): string | undefined {
  const others = ACCESS[provider.slug]?.others ?? {}
  const own = offering.shape === 'responses' || RESPONSES_ONLY.test(id) ? ['responses', 'mantle']
    : offering.npm === '@ai-sdk/anthropic' ? ['anthropic'] : offering.npm === '@ai-sdk/google' ? ['gemini']
    : offering.npm === '@ai-sdk/openai' ? ['responses'] : offering.npm === '@ai-sdk/openai-compatible' && offering.url !== undefined ? ['openai'] : []
  return own.find((name) => name in others)
}

function differences(own: AbilityRow, model: AbilityRow): AbilityRow {
  const { reasoning, ...plain } = own
  // Both are rows of abilities: a key of one is a key of the other.
  const changed = Object.fromEntries(Object.entries(plain).filter(([key, value]) => value !== model[key as keyof AbilityRow]))
  return { ...changed, ...(reasoning && JSON.stringify(reasoning) !== JSON.stringify(model.reasoning) && { reasoning }) }
}

function limits(offering: FeedOffering): { context?: number; output?: number } {
  const { context, output } = offering.limit
  return { ...(context !== undefined && { context }), ...(output !== undefined && { output: context === undefined ? output : Math.min(output, context) }) }
}

function canOf(id: string, offering: FeedOffering, structured: boolean): string {
  const has = [offering.tools && 'tools', structured && 'structured', offering.temperature && 'temperature', offering.reasoning && 'reasoning', VERBOSE.test(id) && 'verbosity']
  return has.filter((word) => word !== false).join(' ')
}

function reasoningOf(id: string, offering: FeedOffering): { reasoning?: ReasoningRow } {
  const options = offering.reasoningOptions
  if (!offering.reasoning || options === undefined) return {}
  const values = options.flatMap((option) => (option['type'] === 'effort' && Array.isArray(option['values']) ? option['values'] : []))
  const efforts = EFFORTS.filter((effort) => values.includes(effort))
  // Claude thinks only when it is told to, whatever efforts it has. A budget stops at its least amount.
  const canStop = id.startsWith('anthropic/') || values.includes('none')
    || options.some((option) => option['type'] === 'toggle' || (option['type'] === 'budget_tokens' && (option['min'] ?? 0) === 0))
  const row: ReasoningRow = {
    ...(efforts.length > 0 && { efforts: efforts.join(' ') }), ...(options.some((option) => option['type'] === 'budget_tokens') && { budget: true as const }),
    ...(options.length > 0 && !canStop && { mandatory: true as const }),
  }
  return Object.keys(row).length === 0 ? {} : { reasoning: row }
}

function modalitiesOf(names: readonly string[]): string {
  const known = new Set(names.map((name) => MODALITIES[name]))
  return ORDER.filter((name) => known.has(name)).join(' ')
}

/**
 * A price far from all others of its model is a slip of the feed (another unit, another currency) or a wrong merge:
 * it is told, and from a factor of `SLIP` on nobody is billed by it.
 */
function withoutSlips(id: string, kept: readonly Priced[], notes: Note[]): Priced[] {
  // Some list the price of embeddings a second time, for an answer that they do not have.
  const amountOf = (one: Priced, { input, output }: PriceRow) => Number(input) + (embeds(one.upstream) ? 0 : Number(output))
  const prices = kept.flatMap((one) => (one.price === undefined || one.price === 'free' ? [] : [{ one, amount: amountOf(one, one.price) }]))
  if (prices.length < 3) return [...kept]
  const middle = prices.map(({ amount }) => amount).toSorted((a, b) => a - b)[Math.floor(prices.length / 2)] ?? 0
  const slips = new Set<Priced>()
  for (const { one, amount } of prices) {
    const factor = amount > middle ? amount / middle : middle / amount
    if (factor >= SLIP) slips.add(one)
    if (factor >= 5) notes.push({ kind: 'outlier', id, text: `${one.provider.slug} ${one.upstream}: ${amount.toFixed(4)} against ${middle.toFixed(4)} ${factor >= SLIP ? 'is not taken for a price' : ''}`.trim() })
  }
  return kept.map((one) => (slips.has(one) ? { ...one, price: undefined } : one))
}

function sayPrice(one: Priced): string {
  return one.price === undefined ? 'unpriced' : one.price === 'free' ? 'free' : `${one.price.input}/${one.price.output}`
}
