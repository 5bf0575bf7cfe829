import { cleanId, keyOf, type CleanId } from './canonical.ts'
import type { Feed, FeedOffering, FeedProvider } from './feed.ts'
import { makerProvider } from './maker.ts'
import { EXCEPTIONS, SYNONYMS } from './synonyms.ts'

/** One offering, and the model that it is. */
export interface Placed {
  readonly provider: FeedProvider
  readonly upstream: string
  readonly offering: FeedOffering
  readonly clean: CleanId
  readonly id: string
  /** How its id was found: for the report of merges. */
  readonly by: 'anchor' | 'spelling' | 'registry' | 'own'
}

/** A model that has its id already: names that are like it are it. */
export interface KnownModel { readonly id: string; readonly aliases?: readonly string[] }

/** Whose ids are taken over as they are: OpenRouter's clients know them. */
const ANCHOR_PROVIDER = 'openrouter'
/** Resellers whose bare names are tunings and modes of their own, not makers' models, where no known model has the name. */
const TUNERS: ReadonlySet<string> = new Set(['nano-gpt', 'poe', 'venice', 'routing-run'])
/** Names of models that nobody else may sell under them: their weights are closed, or the name is whole. These are the maker's at a tuner too. */
const MAKERS_OWN = /^(?:claude-|gemini-|learnlm-|doubao-|ernie-|glm-(?:4|5|z1|zero)|step-|yi-|baichuan|jamba-|kimi-|hunyuan-|command-a-|qvq-max$|qwq-32b$|qwen-long$|qwen3\.5-(?:flash|omni)|phi-4-m|magistral-small-2506$)/
const TUNED = /derestricted|uncensored|abliterated|distill|original|cheaper|-(?:fw|n|\dbit)$/

/** Words that some catalogues leave away or add. */
const LOOSE_ENDINGS = ['instruct', 'it', 'hf', 'preview']

/** Says for each offering which model it is. Equal spellings (`keyOf`) of one author are one model; all else is two. */
export function placeAll(feed: Feed, providers: readonly FeedProvider[], known: readonly KnownModel[] = []): Placed[] {
  const anchors = anchorsOf(feed, known)
  const drafts = providers.flatMap((provider) => [...provider.offerings].map(([upstream, offering]) => ({ provider, upstream, offering, clean: cleanId(provider.slug, upstream) })))
  const placed = drafts.map((draft) => place(draft, anchors))
  return settleSlugs(settleDates(placed))
}

/** `author/key` → id. The first to name a key wins: what we have already, OpenRouter, then the registry. */
function anchorsOf(feed: Feed, models: readonly KnownModel[]): Map<string, string> {
  const anchors = new Map<string, string>()
  const add = (author: string, slug: string) => {
    const key = `${author}/${keyOf(slug)}`
    if (!anchors.has(key)) anchors.set(key, `${author}/${slug}`)
  }
  for (const { id, aliases = [] } of models) {
    // A dated alias is a spelling of the undated name: `settleDates` is who finds its model.
    for (const name of [id, ...aliases.filter((alias) => !/\d{8}(?::|$)/.test(alias))].map((text) => text.replace(/:.*$/, ''))) {
      const key = `${name.slice(0, name.indexOf('/'))}/${keyOf(name.slice(name.indexOf('/') + 1))}`
      if (!anchors.has(key)) anchors.set(key, id.replace(/:.*$/, ''))
    }
  }
  const known = feed.providers.find((provider) => provider.slug === ANCHOR_PROVIDER)
  for (const id of known?.offerings.keys() ?? []) {
    const [author = '', slug = ''] = id.replace(/:.*$/, '').split('/')
    if (!author.startsWith('~') && author !== ANCHOR_PROVIDER) add(author, slug)
  }
  for (const [key, id] of Object.entries(SYNONYMS)) {
    const [author = '', slug = ''] = id.split('/')
    add(author, slug)
    // A synonym is more than a guess: it wins over what stands there.
    anchors.set(key, id)
  }
  for (const id of feed.registry.keys()) {
    const clean = cleanId('', id)
    if (clean.author !== undefined && find(anchors, clean.author, clean.key) === undefined) add(clean.author, dotted(clean.author, clean.slug))
  }
  return anchors
}

type Draft = Omit<Placed, 'id' | 'by'>

function place(draft: Draft, anchors: ReadonlyMap<string, string>): Placed {
  const { provider, upstream, clean, offering } = draft
  const exception = EXCEPTIONS[`${provider.slug} ${upstream}`]
  if (exception !== undefined) return { ...draft, id: exception, by: 'anchor' }
  const { author } = clean
  if (author !== undefined) {
    // A date can be part of the name that everybody uses: gpt-4o-2024-08-06.
    const whole = clean.date === undefined ? undefined : find(anchors, author, clean.key + clean.date)
    if (whole !== undefined) return { ...draft, id: whole, by: 'anchor', clean: withDateInSlug(clean) }
    const known = find(anchors, author, clean.key)
    if (known !== undefined) return { ...draft, id: known, by: 'anchor' }
  }
  const base = author === undefined ? registryId(offering.base, anchors) : undefined
  if (base !== undefined) return { ...draft, id: base, by: 'registry' }
  // What resellers call `Qwen3.5-27B-Writer` is somebody's tuning of it: it stands under their own name.
  if (clean.isGuessed && TUNERS.has(provider.slug) && (!MAKERS_OWN.test(clean.slug) || TUNED.test(clean.slug))) return { ...draft, id: `${provider.slug}/${clean.slug}`, by: 'own' }
  return { ...draft, id: `${author ?? provider.slug}/${clean.slug}`, by: author === undefined ? 'own' : 'spelling' }
}

/** The registry's model, for a host that calls it by a name of its own. */
function registryId(base: string | undefined, anchors: ReadonlyMap<string, string>): string | undefined {
  if (base === undefined) return undefined
  const clean = cleanId('', base)
  return clean.author === undefined ? undefined : find(anchors, clean.author, clean.key)
}

function find(anchors: ReadonlyMap<string, string>, author: string, key: string): string | undefined {
  const exact = anchors.get(`${author}/${key}`)
  if (exact !== undefined) return exact
  for (const ending of LOOSE_ENDINGS) {
    const other = key.endsWith(ending) && ending !== 'preview' ? anchors.get(`${author}/${key.slice(0, -ending.length)}`) : undefined
    const longer = other ?? (ending === 'preview' ? undefined : anchors.get(`${author}/${key}${ending}`))
    if (longer !== undefined) return longer
  }
  return undefined
}

/** The date is part of the model's name, not of one spelling of it. */
function withDateInSlug(clean: CleanId): CleanId {
  const { date, ...rest } = clean
  return { ...rest, slug: `${clean.slug}-${date}` }
}

/**
 * Of several dates of one name the newest is the name's model; each older one is a model of its own. So is the newest
 * where a provider sells it beside the name at another price and its maker does not sell both at one: there the name
 * means something else.
 */
function settleDates(placed: readonly Placed[]): Placed[] {
  const newest = new Map<string, string>()
  for (const { id, clean } of placed) if (clean.date !== undefined && clean.date > (newest.get(id) ?? '')) newest.set(id, clean.date)
  const names = new Map(placed.filter(({ clean }) => clean.date === undefined).map((one) => [saleOf(one), priceKey(one)]))
  const pairs = placed.filter((one) => one.clean.date !== undefined && names.has(saleOf(one)))
  const same = new Set(pairs.filter((one) => isMaker(one) && names.get(saleOf(one)) === priceKey(one)).map(datedId))
  const apart = new Set(pairs.filter((one) => names.get(saleOf(one)) !== priceKey(one)).map(datedId).filter((id) => !same.has(id)))
  return placed.map((one) => {
    const { date } = one.clean
    return date === undefined || (date === newest.get(one.id) && !apart.has(datedId(one))) ? one
      : { ...one, id: datedId(one), clean: withDateInSlug(one.clean) }
  })
}

function priceKey({ offering }: Placed): string {
  return `${String(offering.cost?.['input'])}/${String(offering.cost?.['output'])}`
}

function isMaker({ provider, id }: Placed): boolean {
  return makerProvider(id) === provider.slug
}

function saleOf({ provider, id, clean }: Placed): string {
  return `${provider.slug} ${clean.variant ?? ''} ${id}`
}

function datedId(one: Placed): string {
  return `${one.id}-${one.clean.date}`
}

/** One id for the spellings of what is no anchor: the one with dots in its version, then the most frequent. */
function settleSlugs(placed: readonly Placed[]): Placed[] {
  const groups = new Map<string, Map<string, number>>()
  const groupOf = (one: Placed) => { const [author = '', slug = ''] = one.id.split('/'); return `${author}/${keyOf(slug)}` }
  for (const one of placed) {
    if (one.by === 'anchor' || one.by === 'registry') continue
    const [author = '', slug = ''] = one.id.split('/')
    const spellings = groups.get(groupOf(one)) ?? new Map<string, number>()
    const spelling = dotted(author, slug)
    spellings.set(spelling, (spellings.get(spelling) ?? 0) + 1)
    groups.set(groupOf(one), spellings)
  }
  return placed.map((one) => {
    const spellings = groups.get(groupOf(one))
    if (!spellings || one.by === 'anchor' || one.by === 'registry') return one
    const [best] = [...spellings].sort(([a, na], [b, nb]) => Number(b.includes('.')) - Number(a.includes('.')) || nb - na || (a < b ? -1 : 1))
    return best ? { ...one, id: `${one.id.slice(0, one.id.indexOf('/'))}/${best[0]}` } : one
  })
}

/** Some write versions with dashes; the ids that clients know have a dot: `claude-3-5-haiku` → `claude-3.5-haiku`. */
function dotted(author: string, slug: string): string {
  if (author === 'qwen') return slug.replace(/^qwen(\d)-(\d)(?=-)/, 'qwen$1.$2')
  return author === 'anthropic' ? slug.replace(/-(\d)-(\d)(?=-|$)/, '-$1.$2') : slug
}
