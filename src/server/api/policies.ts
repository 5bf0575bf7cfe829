import { z } from 'zod'
import { ZDR_GROUPS, type PolicyRules, type ZdrGroup } from '../../catalog/policy-rules.ts'
import { Fault } from '../../core/fault.ts'
import { NO_RULES, policyRulesOf, type GuardrailRules } from '../../guardrails/guardrail.ts'
import { ownerOnly } from '../access.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn, changeBy } from './caller.ts'
import { changedRules } from './guardrail-body.ts'
import { OWN_FIELDS, RULE_FIELDS } from './policy-body.ts'

const POLICY = z.strictObject({ ...RULE_FIELDS, ...OWN_FIELDS })

/** `GET /account/policy`: what holds for all callers of the account. Only this server has it. */
export const getAccountPolicy: Route = {
  method: 'GET', path: '/account/policy', auth: 'management', operation: 'account_policy.read',
  handle: async (context) => ({ data: policyRow(await rulesOf(context, '')) }),
}

/** `PATCH /account/policy`: what is left out stays as it is, null takes a rule back. */
export const changeAccountPolicy: Route = {
  method: 'PATCH', path: '/account/policy', auth: 'management', operation: 'account_policy.change',
  handle: (context) => change(context, ''),
}

/** `GET /keys/{hash}/policy`: what holds for the callers with this key, beside all else. */
export const getKeyPolicy: Route = {
  method: 'GET', path: '/keys/{hash}/policy', auth: 'management', operation: 'key_policy.read',
  async handle(context) {
    const hash = hashOf(context)
    const owner = ownerOnly(accessIn(context))
    const key = await context.services.accounts.key(accessIn(context).accountId, hash)
    if (!key || (owner !== undefined && key.creatorUserId !== owner)) missing()
    return { data: policyRow(await rulesOf(context, hash)) }
  },
}

/** `PATCH /keys/{hash}/policy`. */
export const changeKeyPolicy: Route = {
  method: 'PATCH', path: '/keys/{hash}/policy', auth: 'management', operation: 'key_policy.change',
  handle: (context) => change(context, hashOf(context)),
}

async function change(context: RouteContext, keyHash: string): Promise<object> {
  const body = await readBody(context, POLICY)
  const { services: { rules, snapshot } } = context
  const rulesNow = changed(await rulesOf(context, keyHash), body, () => snapshot())
  if (!await rules.store.putRules(accessIn(context).accountId, keyHash, rulesNow, changeBy(context))) missing()
  return { data: policyRow(rulesNow) }
}

/** From the store, not from what calls see: two changes one after the other both count. */
async function rulesOf(context: RouteContext, keyHash: string): Promise<PolicyRules> {
  const { account, keys } = await context.services.rules.store.accountRules(accessIn(context).accountId)
  return keyHash === '' ? account : (keys.get(keyHash) ?? {})
}

function changed(before: PolicyRules, body: z.output<typeof POLICY>, snapshot: RouteContext['services']['snapshot']): PolicyRules {
  const shared = policyRulesOf(changedRules(sharedOf(before), body, snapshot()))
  const own = {
    // Set with the key: PATCH /keys/{hash}.
    maxPrice: before.maxPrice,
    region: body.data_region === undefined ? before.region : body.data_region, sort: body.default_provider_sort === undefined ? before.sort : body.default_provider_sort,
    allowedCountries: body.allowed_countries === undefined ? before.allowedCountries : body.allowed_countries, blockedCountries: body.blocked_countries === undefined ? before.blockedCountries : body.blocked_countries,
  }
  return { ...shared, ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null && value !== undefined)) }
}

/** The rules as a guardrail would have them. */
function sharedOf(rules: PolicyRules): GuardrailRules {
  // Each group is there: the list has them all.
  const zdr = Object.fromEntries(ZDR_GROUPS.map((group) => [group, rules.zdr?.includes(group) ? true : null])) as Record<ZdrGroup, boolean | null>
  const { allowedProviders = null, ignoredProviders = null, allowedModels = null, ignoredModels = null, paidTraining = null, freeTraining = null, freePublication = null } = rules
  return { ...NO_RULES, allowedProviders, ignoredProviders, allowedModels, ignoredModels, paidTraining, freeTraining, freePublication, zdr }
}

function policyRow(rules: PolicyRules): object {
  return {
    allowed_providers: rules.allowedProviders ?? null, ignored_providers: rules.ignoredProviders ?? null, allowed_models: rules.allowedModels ?? null, ignored_models: rules.ignoredModels ?? null,
    ...Object.fromEntries(ZDR_GROUPS.map((group) => [`enforce_zdr_${group}`, rules.zdr?.includes(group) ?? false])),
    enable_paid_model_training: rules.paidTraining ?? null, enable_free_model_training: rules.freeTraining ?? null, enable_free_model_publication: rules.freePublication ?? null,
    data_region: rules.region ?? null, allowed_countries: rules.allowedCountries ?? null, blocked_countries: rules.blockedCountries ?? null, default_provider_sort: rules.sort ?? null,
  }
}

function hashOf({ params }: RouteContext): string {
  const hash = (params['hash'] ?? '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(hash) ? hash : missing()
}

function missing(): never {
  throw new Fault('not_found', 'There is no such key. GET /api/v1/keys lists the hashes.')
}
