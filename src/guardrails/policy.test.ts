import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { ZDR_GROUPS, type PolicyRules } from '../catalog/policy-rules.ts'
import { at, catalogue } from '../routing/small-catalogue.test.ts'
import { NO_RULES, policyRulesOf } from './guardrail.ts'
import { combine, zdrGroupOf, type PolicyOwner, type PolicySource } from './policy.ts'

const KEEPS = { provider: { retainsPrompts: true, policySource: 'https://x.test' } }
const TRAINS = { provider: { retainsPrompts: true, mayTrain: true } }

const SNAPSHOT = catalogue({
  'anthropic/claude': [at('anthropic', { usd: '3', ...KEEPS, provider: { ...KEEPS.provider, headquarters: 'US' } }), at('amazon-bedrock/eu', { usd: '3', provider: { headquarters: 'US', region: 'eu-west-1' } }), at('google-vertex', { usd: '3' })],
  'openai/gpt': [at('openai', { usd: '2', ...KEEPS }), at('azure', { usd: '2' })],
  'google/gemini': [at('google', { usd: '1', ...TRAINS }), at('google-vertex', { usd: '1' })],
  'x-ai/grok': [at('xai', { usd: '2', ...KEEPS })],
  'meta/llama': [at('groq', { usd: '1' }), at('deepseek', { usd: '0.1', provider: { ...TRAINS.provider, headquarters: 'CN' } }), at('scaleway', { usd: '1', provider: { datacenters: ['FR'], headquarters: 'FR' } })],
  'meta/llama:free': [at('nvidia', { ...TRAINS }), at('ovhcloud', { provider: { publishes: true, policySource: 'https://y.test' } })],
})

const OWNER: PolicyOwner = { kind: 'account', name: "the account's policy" }
const source = (rules: PolicyRules, owner: PolicyOwner = OWNER): PolicySource => ({ owner, rules })
const ALL = [...SNAPSHOT.models.values()].flatMap(({ endpoints }) => endpoints)

/** Ids of the endpoints that these sources leave. */
function left(...sources: readonly PolicyRules[]): string[] {
  const policy = combine(sources.map((rules) => source(rules)), SNAPSHOT)
  return ALL.filter((endpoint) => !policy.denial(endpoint)).map(({ modelId, tag }) => `${modelId}@${tag}`)
}

const of = (author: string) => (id: string) => id.startsWith(author)

describe('rules', () => {
  test('nobody rules: everything is in', () => {
    expect(left()).toHaveLength(ALL.length)
    expect(left({})).toHaveLength(ALL.length)
  })

  test('E7: zero retention by group drops who keeps and keeps who does not', () => {
    expect(left({ zdr: ['anthropic'] }).filter(of('anthropic'))).toEqual(['anthropic/claude@amazon-bedrock/eu', 'anthropic/claude@google-vertex'])
    expect(left({ zdr: ['openai'] }).filter(of('openai'))).toEqual(['openai/gpt@azure'])
    expect(left({ zdr: ['google'] }).filter(of('google'))).toEqual(['google/gemini@google-vertex'])
    expect(left({ zdr: ['xai'] }).filter(of('x-ai'))).toEqual([])
    expect(left({ zdr: ['other'] }).filter(of('meta'))).toEqual(['meta/llama@groq', 'meta/llama@scaleway', 'meta/llama:free@ovhcloud'])
    expect(left({ zdr: ['openai'] }).filter(of('anthropic'))).toHaveLength(3)
  })

  test('E7: the group of a model is its maker', () => {
    expect(['anthropic/x', 'openai/x', 'google/x', 'x-ai/x', 'mistralai/x', '~anthropic/x-latest'].map(zdrGroupOf)).toEqual(['anthropic', 'openai', 'google', 'xai', 'other', 'anthropic'])
  })

  test('E6: paid and free training and free publication are three switches', () => {
    expect(left({ paidTraining: false })).not.toContain('meta/llama@deepseek')
    expect(left({ paidTraining: false })).toContain('meta/llama:free@nvidia')
    expect(left({ freeTraining: false })).not.toContain('meta/llama:free@nvidia')
    expect(left({ freeTraining: false })).toContain('meta/llama@deepseek')
    expect(left({ freePublication: false }).filter(of('meta/llama:free'))).toEqual([])
    expect(left({ paidTraining: true, freeTraining: true, freePublication: true })).toHaveLength(ALL.length)
  })

  test('E5: who has said nothing counts as keeping, training and, free of charge, publishing', () => {
    const policy = combine([source({ zdr: ZDR_GROUPS, freeTraining: false })], SNAPSHOT)
    const nvidia = ALL.find(({ tag }) => tag === 'nvidia')
    expect(nvidia && policy.denial(nvidia)).toMatchObject({ rule: 'data_policy:zdr', detail: 'may keep prompts (it has published no policy)' })
  })

  test('lists: by slug, display name, tag and alias; models by id and maker', () => {
    expect(left({ allowedProviders: ['Bedrock'] })).toEqual(['anthropic/claude@amazon-bedrock/eu'])
    expect(left({ ignoredProviders: ['vertex', 'OpenAI'] }).some((id) => /vertex|@openai/.test(id))).toBe(false)
    expect(left({ allowedModels: ['openai/gpt', 'x-ai/*'] })).toEqual(['openai/gpt@openai', 'openai/gpt@azure', 'x-ai/grok@xai'])
    expect(left({ allowedModels: ['nobody/knows'] })).toEqual([])
    expect(left({ ignoredModels: ['META/llama'] }).filter(of('meta'))).toEqual(['meta/llama:free@nvidia', 'meta/llama:free@ovhcloud'])
  })

  test('E12: a region keeps who processes there and nowhere else', () => {
    expect(left({ region: 'eu' })).toEqual(['anthropic/claude@amazon-bedrock/eu', 'meta/llama@scaleway'])
    expect(left({ region: 'us' })).toEqual([])
    expect(left({ region: 'eu' }, { region: 'us' })).toEqual([])
  })

  test('countries: who is from none that is known is out of both lists', () => {
    expect(left({ allowedCountries: ['fr'] })).toEqual(['meta/llama@scaleway'])
    expect(left({ blockedCountries: ['CN', 'FR'] })).toEqual(['anthropic/claude@anthropic', 'anthropic/claude@amazon-bedrock/eu'])
  })
})

describe('combine', () => {
  test('F4: allow-lists by intersection, ignore-lists by union, zero retention by OR for each group', () => {
    expect(left({ allowedProviders: ['openai', 'azure'] }, { allowedProviders: ['azure', 'groq'] })).toEqual(['openai/gpt@azure'])
    expect(left({ allowedModels: ['openai/gpt', 'meta/llama'] }, { allowedModels: ['meta/llama', 'x-ai/grok'] }).every(of('meta/llama@'))).toBe(true)
    expect(left({ allowedProviders: ['openai'] }, { allowedProviders: ['groq'] })).toEqual([])
    expect(left({ ignoredProviders: ['openai'] }, { ignoredProviders: ['azure'] }).some(of('openai'))).toBe(false)
    expect(left({ zdr: ['openai'] }, { zdr: ['xai'] }).filter((id) => /openai|x-ai/.test(id))).toEqual(['openai/gpt@azure'])
  })

  test('F4: the denial says whose rule it is, the farthest source first', () => {
    const guardrail: PolicyOwner = { kind: 'guardrail', name: 'guardrail "G"', id: 'g' }
    const policy = combine([source({ ignoredProviders: ['openai'] }), source({ allowedProviders: ['groq'] }, guardrail)], SNAPSHOT)
    const [openai, azure] = SNAPSHOT.models.get('openai/gpt')?.endpoints ?? []
    expect(openai && policy.denial(openai)?.owner).toBe(OWNER)
    expect(azure && policy.denial(azure)).toEqual({ rule: 'allowed_providers', detail: 'not among the providers allowed (groq)', owner: guardrail })
  })

  test('C63: the sort of the source nearest to the caller', () => {
    expect(combine([source({ sort: 'price' }), source({ sort: 'latency' }), source({})], SNAPSHOT).sort).toBe('latency')
  })

  const providers = fc.uniqueArray(fc.constantFrom('openai', 'azure', 'anthropic', 'groq', 'google-vertex', 'amazon-bedrock', 'nvidia'), { minLength: 1 })
  const models = fc.uniqueArray(fc.constantFrom('openai/*', 'openai/gpt', 'anthropic/claude', 'meta/*', 'x-ai/grok'), { minLength: 1 })
  const countries = fc.uniqueArray(fc.constantFrom('US', 'CN', 'FR'), { minLength: 1 })
  const anyRules = fc.record({
    allowedProviders: providers, ignoredProviders: providers, allowedModels: models, ignoredModels: models, zdr: fc.uniqueArray(fc.constantFrom(...ZDR_GROUPS)),
    paidTraining: fc.boolean(), freeTraining: fc.boolean(), freePublication: fc.boolean(), region: fc.constantFrom('eu' as const, 'us' as const), allowedCountries: countries, blockedCountries: countries,
  }, { requiredKeys: [] })

  test('F4: one more source never permits more, whatever it says and wherever it stands', () => {
    fc.assert(fc.property(fc.array(anyRules, { maxLength: 4 }), anyRules, fc.nat(4), (sources, more, place) => {
      const before = new Set(left(...sources))
      const after = left(...sources.toSpliced(place, 0, more))
      expect(after.filter((id) => !before.has(id))).toEqual([])
      // Just those that each alone leaves: the intersection, in any order.
      expect(after).toEqual(left(more).filter((id) => before.has(id)))
    }), { numRuns: 300 })
  })

  test('the same sources give the same policy', () => {
    fc.assert(fc.property(fc.array(anyRules, { maxLength: 4 }), (sources) => expect(left(...sources)).toEqual(left(...sources))), { numRuns: 50 })
  })
})

test('F1: what a guardrail does not say, or says null to, is no rule', () => {
  expect(policyRulesOf(NO_RULES)).toEqual({})
  expect(policyRulesOf({ ...NO_RULES, paidTraining: true, zdr: { ...NO_RULES.zdr, xai: true, openai: false } })).toEqual({ paidTraining: true, zdr: ['xai'] })
})
