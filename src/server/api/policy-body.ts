import { z } from 'zod'
import { providerSlug, findModel, nearestModels } from '../../catalog/names.ts'
import type { Snapshot } from '../../catalog/endpoint.ts'
import { REGIONS, SORTS } from '../../catalog/policy-rules.ts'
import { Fault } from '../../core/fault.ts'

const NAMES_MAX = 500

/** A list of names; null, or left out, restricts nothing, and an empty one would allow nothing. */
const names = z.array(z.string({ error: 'must be a list of texts' }).trim().min(1, { error: 'must be a list of texts, none of them empty' }), { error: 'must be a list of texts, or null' })
  .min(1, { error: 'is an empty list: name something, or send null' }).max(NAMES_MAX, { error: `may have at most ${NAMES_MAX} names` }).nullable().optional()
const flag = z.boolean({ error: 'must be true, false or null' }).nullable().optional()
const countries = z.array(z.string({ error: 'must be a list of codes of countries, as DE' }).regex(/^[A-Za-z]{2}$/, { error: 'must be a list of codes of countries in two letters, as DE' }).toUpperCase(), { error: 'must be a list of codes of countries, or null' })
  .min(1, { error: 'is an empty list: name a country, or send null' }).nullable().optional()

/** Rules that guardrails, accounts and keys share, in the contract's words (F1). */
export const RULE_FIELDS = {
  allowed_providers: names, ignored_providers: names, allowed_models: names, ignored_models: names,
  enforce_zdr: flag, enforce_zdr_anthropic: flag, enforce_zdr_openai: flag, enforce_zdr_google: flag, enforce_zdr_xai: flag, enforce_zdr_other: flag,
  enable_paid_model_training: flag, enable_free_model_training: flag, enable_free_model_publication: flag,
} as const

/** Rules that only this server has, for accounts and keys. */
export const OWN_FIELDS = {
  data_region: z.enum(REGIONS, { error: `must be ${REGIONS.join(', ')} or null` }).nullable().optional(),
  allowed_countries: countries, blocked_countries: countries,
  default_provider_sort: z.enum(SORTS, { error: `must be one of ${SORTS.join(', ')}, or null` }).nullable().optional(),
} as const

/** Names of providers as we know them. A name that is no provider's would forbid, or let through, what nobody meant. */
export function knownProviders(field: string, given: readonly string[] | null, { providers, models }: Snapshot): readonly string[] | null {
  return given && given.map((name) => {
    const slug = providerSlug(name)
    if (providers.has(slug)) return slug
    const base = slug.split('/')[0] ?? ''
    if (providers.has(base) && [...models.values()].some(({ endpoints }) => endpoints.some(({ tag }) => tag === slug))) return slug
    const found = [...providers.values()].find((provider) => provider.name.toLowerCase() === name.toLowerCase())
    if (found) return found.slug
    throw refused(field, `names ${JSON.stringify(name.slice(0, 100))}, which is no provider; GET /api/v1/providers lists their slugs`)
  })
}

/** Permanent names of models (F1): the canonical slug, or the id where that is another model's too. `author/*` stays. */
export function knownModels(field: string, given: readonly string[] | null, snapshot: Snapshot): readonly string[] | null {
  return given && given.map((name) => {
    const all = /^([a-z0-9~][\w.-]*)\/\*$/i.exec(name.trim())?.[1]?.toLowerCase()
    if (all !== undefined && [...snapshot.models.keys()].some((id) => id.startsWith(`${all}/`))) return `${all}/*`
    const found = findModel(snapshot, name)?.model
    if (found) return findModel(snapshot, found.canonicalSlug)?.model === found ? found.canonicalSlug : found.id
    const near = nearestModels(snapshot, name, 1)[0]
    throw refused(field, `names ${JSON.stringify(name.slice(0, 100))}, which is no model${near === undefined ? '' : `: did you mean ${near}?`}`)
  })
}

function refused(field: string, why: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` ${why}.`, { metadata: { field } })
}
