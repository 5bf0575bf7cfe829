import { describe, expect, test } from 'bun:test'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import type { Call } from '../core/call.ts'
import { combine, type PolicyOwner } from '../guardrails/policy.ts'
import { explainRoute } from './explain.ts'
import { explain } from './plan.ts'
import { route } from './route.ts'
import { at, callFor, catalogue, exclusions, faultOf, tags, viewOf } from './small-catalogue.test.ts'
import type { RoutingView } from './view.ts'

const SNAPSHOT = catalogue({ 'a/m': [at('openai', { usd: '1', provider: { retainsPrompts: true, headquarters: 'US' } }), at('azure', { usd: '2' }), at('groq', { usd: '3', provider: { mayTrain: true } })] })

const ACCOUNT: PolicyOwner = { kind: 'account', name: "the account's policy" }
const GUARDRAIL: PolicyOwner = { kind: 'guardrail', name: 'guardrail "Prod"', id: 'g-1' }

function viewWith(rules: PolicyRules, owner: PolicyOwner = ACCOUNT, snapshot = SNAPSHOT): RoutingView {
  return { ...viewOf(snapshot), policy: combine([{ owner, rules }], snapshot) }
}

const faultWith = (rules: PolicyRules, owner: PolicyOwner, call: Call = callFor('a/m')) => faultOf(() => route(call, viewWith(rules, owner)))

describe('the request and the policies', () => {
  test('C7: data_collection deny is as strict as the strictest of the two', () => {
    expect(tags(route(callFor('a/m', { dataCollection: 'deny' }), viewWith({})))).toEqual(['azure'])
    expect(tags(route(callFor('a/m'), viewWith({ paidTraining: false }))).sort()).toEqual(['azure', 'openai'])
    expect(tags(route(callFor('a/m', { dataCollection: 'allow' }), viewWith({ paidTraining: false }))).sort()).toEqual(['azure', 'openai'])
  })

  test('C8, E7: zdr of the request is ORed with the policies and can only tighten', () => {
    expect(tags(route(callFor('a/m', { zdr: true }), viewWith({}))).sort()).toEqual(['azure', 'groq'])
    expect(tags(route(callFor('a/m', { zdr: false }), viewWith({ zdr: ['other'] }))).sort()).toEqual(['azure', 'groq'])
  })

  test('C10: only is intersected with the lists of account and guardrail, and an empty intersection says who serves it and who was let', () => {
    expect(tags(route(callFor('a/m', { only: ['openai', 'azure'] }), viewWith({ allowedProviders: ['azure', 'groq'] })))).toEqual(['azure'])
    const fault = faultWith({ allowedProviders: ['groq'] }, ACCOUNT, callFor('a/m', { only: ['azure'] }))
    expect(fault).toMatchObject({ status: 404, code: 'no_endpoints', options: { availability: { code: 'constraint_filtered', excluded_by: ['allowed_providers'], affected_providers: ['openai', 'azure', 'groq'] } } })
    expect(fault.message).toContain("Openai, Azure: not among the providers allowed (groq), by the account's policy. Groq: not in provider.only.")
  })

  test('C11: ignore is united with the ignored lists', () => {
    expect(tags(route(callFor('a/m', { ignore: ['openai'] }), viewWith({ ignoredProviders: ['groq'] })))).toEqual(['azure'])
  })

  test('C63: the policy\'s sort holds where the request says neither sort nor order nor a variant that is one', () => {
    const byPrice = viewWith({ sort: 'price' })
    const reasons = (call: Call) => route(call, byPrice).steps.map(({ reason }) => reason)
    expect(reasons(callFor('a/m'))).toEqual(['by price', 'by price', 'by price'])
    expect(reasons(callFor('a/m', { sort: 'latency' }))[0]).toBe('by latency')
    expect(reasons(callFor('a/m', { order: ['groq'] }))[0]).toContain('provider.order')
    expect(reasons(callFor('a/m:nitro'))[0]).toBe('by throughput')
  })

  test('E11: a policy holds for every endpoint, the operator\'s own too', () => {
    const own = catalogue({ 'a/m': [at('mine', { usd: '1', parameters: null, provider: { retainsPrompts: true } })] })
    expect(faultOf(() => route(callFor('a/m'), viewWith({ zdr: ['other'] }, ACCOUNT, own)))).toMatchObject({ status: 404 })
  })
})

describe('what is said when nothing is left', () => {
  test('E13, M24: data policies alone: 404 privacy_restricted, with the rules', () => {
    expect(faultWith({ zdr: ['other'], paidTraining: false }, ACCOUNT, callFor('a/m', { ignore: ['azure'] }))).toMatchObject({ status: 404, options: { availability: { code: 'constraint_filtered' } } })
    const strict = catalogue({ 'a/m': [at('openai', { provider: { retainsPrompts: true } }), at('groq', { usd: '1', provider: { mayTrain: true } })] })
    expect(faultOf(() => route(callFor('a/m'), viewWith({ zdr: ['other'], paidTraining: false }, ACCOUNT, strict)))).toMatchObject({
      status: 404, code: 'no_endpoints', options: { availability: { code: 'privacy_restricted', retryable: false, excluded_by: ['data_policy:zdr', 'data_policy:training'], requested_models: ['a/m'] } },
    })
  })

  test('E12, M24: a region, or countries: 403 region_restricted', () => {
    expect(faultWith({ region: 'eu' }, { kind: 'host', name: 'the region (eu) of the host that was called' })).toMatchObject({
      status: 403, code: 'permission_denied', options: { availability: { code: 'region_restricted', excluded_by: ['data_region'], constraint: { field: 'host' } } },
    })
    expect(faultWith({ allowedCountries: ['DE'] }, ACCOUNT)).toMatchObject({ status: 403, options: { availability: { code: 'region_restricted', excluded_by: ['geo'] } } })
  })

  test('F6: a guardrail\'s lists: 403, with its id', () => {
    for (const rules of [{ allowedProviders: ['nobody'] }, { allowedModels: ['b/other'] }, { ignoredModels: ['a/m'] }]) {
      expect(faultWith(rules, GUARDRAIL)).toMatchObject({ status: 403, code: 'permission_denied', options: { metadata: { guardrail_id: 'g-1', excluded_by: ['allowed_providers'] } } })
    }
    expect(faultWith({ zdr: ['other'] }, GUARDRAIL, callFor('a/m', { only: ['openai'] }))).toMatchObject({ status: 404 })
  })

  test('M25: the words of excluded_by are the contract\'s', () => {
    const words = (rules: PolicyRules) => faultWith(rules, ACCOUNT, callFor('a/m', { only: ['openai'] })).options.availability?.['excluded_by']
    expect([words({ allowedModels: ['b/x'] }), words({ ignoredProviders: ['openai', 'azure', 'groq'] }), words({ region: 'us' }), words({ blockedCountries: ['US'] })]).toEqual(
      [['allowed_providers'], ['allowed_providers'], ['data_region'], ['geo']])
  })

  test('whose rule it is, and who can change it', () => {
    expect(faultWith({ allowedProviders: ['nobody'] }, GUARDRAIL).message).toContain('To go on, have guardrail "Prod" changed or taken off (PATCH /api/v1/guardrails/g-1).')
    expect(faultWith({ allowedProviders: ['nobody'] }, { kind: 'operator', name: "the operator's policy" }).message).toContain('`policy` in switchyard.yaml')
  })

  test('a credential that would not help is not asked for', () => {
    const snapshot = catalogue({ 'a/m': [at('openai', { usd: '1', provider: { notReady: 'no credential: set OPENAI_API_KEY' } })] })
    const fault = faultOf(() => route(callFor('a/m'), viewWith({ region: 'eu' }, ACCOUNT, snapshot)))
    expect(fault.status).toBe(403)
    expect(fault.message).not.toContain('OPENAI_API_KEY')
  })
})

describe('what is shown', () => {
  test('route/explain names the rule and its owner, and offers nothing that the caller cannot change', () => {
    const { plan, relaxations } = explainRoute(callFor('a/m', { ignore: ['azure'] }), viewWith({ ignoredProviders: ['openai'] }))
    expect(exclusions(plan)).toEqual({ openai: 'allowed_providers', azure: 'ignored' })
    expect(plan.excluded[0]).toMatchObject({ by: ACCOUNT })
    expect(relaxations.map(({ field }) => field)).toEqual(['provider.ignore'])
  })

  test('E12: router metadata has the region', () => {
    const snapshot = catalogue({ 'a/m': [at('scaleway', { usd: '1', provider: { datacenters: ['FR'] } })] })
    const call = callFor('a/m')
    expect(explain(call, route(call, viewWith({ region: 'eu' }, ACCOUNT, snapshot)), [])).toMatchObject({ region: 'eu' })
    expect(explain(call, route(call, viewOf(snapshot)), [])).toMatchObject({ region: null })
  })
})

test('C58: private endpoints go before public ones', () => {
  const snapshot = catalogue({ 'a/m': [at('openai', { usd: '1' }), at('mine', { usd: '9', visibleTo: new Set(['default']) })] })
  const { steps } = route(callFor('a/m'), viewOf(snapshot))
  expect(steps.map(({ endpoint, share }) => [endpoint.tag, share])).toEqual([['mine', undefined], ['openai', undefined]])
})
