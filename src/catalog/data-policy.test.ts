import { describe, expect, test } from 'bun:test'
import { dataPolicyOf } from './data-policy.ts'
import type { Endpoint, Snapshot } from './endpoint.ts'
import { parseOperatorFile } from './operator.ts'
import { catalogueRows } from './rows.ts'
import { buildSnapshot } from './snapshot.ts'
import { seenBy } from './visible.ts'

function snapshotOf(yaml: string, env: Record<string, string> = {}): Snapshot {
  const read = parseOperatorFile(yaml, { file: 'switchyard.yaml', env, isBuiltIn: (slug) => catalogueRows().providers.some((provider) => provider.slug === slug) })
  if (!read.ok) throw new Error(JSON.stringify(read.errors))
  return buildSnapshot({ env, version: 1, operator: read.file })
}

function endpoint(snapshot: Snapshot, modelId: string, provider: string): Endpoint {
  const found = snapshot.models.get(modelId)?.endpoints.find(({ provider: { slug } }) => slug === provider)
  if (!found) throw new Error(`no ${modelId} at ${provider}`)
  return found
}

const errorsOf = (yaml: string) => {
  const read = parseOperatorFile(yaml, { file: 'f', env: {}, isBuiltIn: () => true })
  return read.ok ? [] : read.errors.map(({ path, message }) => `${path}: ${message}`)
}

describe('the catalogue', () => {
  const bare = snapshotOf('{}')

  test('E5: every statement has its source and date, and unknown counts as keeping and training', () => {
    for (const row of catalogueRows().providers) {
      for (const policy of [...(row.policy ? [row.policy] : []), ...(row.policies ?? []), ...(row.hosting ? [row.hosting] : [])]) {
        expect(policy.source).toMatch(/^https:\/\//)
        expect(policy.asOf).toMatch(/^\d{4}-\d\d-\d\d$/)
      }
    }
    for (const provider of bare.providers.values()) if (provider.policySource === undefined) expect({ slug: provider.slug, keeps: provider.retainsPrompts, trains: provider.mayTrain }).toEqual({ slug: provider.slug, keeps: true, trains: true })
  })

  test('E5: a provider can treat models otherwise than the rest', () => {
    const bedrock = [...bare.models.values()].flatMap(({ endpoints }) => endpoints.filter(({ provider }) => provider.slug === 'amazon-bedrock'))
    const keeping = bedrock.filter((one) => dataPolicyOf(one).retains).map(({ modelId }) => modelId)
    expect(bedrock.some((one) => one.modelId.startsWith('anthropic/claude-sonnet') && !dataPolicyOf(one).retains)).toBe(true)
    expect(keeping.filter((id) => !/^openai\/|claude-(?:fable|mythos)/.test(id))).toEqual([])
  })

  test('E7: of Anthropic\'s models the first party keeps prompts and Bedrock does not', () => {
    const both = [...bare.models.values()].find(({ id, endpoints }) => id.startsWith('anthropic/claude-sonnet') && ['anthropic', 'amazon-bedrock'].every((slug) => endpoints.some(({ provider }) => provider.slug === slug)))
    expect(['anthropic', 'amazon-bedrock'].map((slug) => dataPolicyOf(endpoint(bare, both?.id ?? '', slug)).retains)).toEqual([true, false])
  })
})

describe('regions', () => {
  const PLACES = [
    ['eu-west-1', 'eu'], ['eu-central-1', 'eu'], ['eu-north-1', 'eu'], ['eu-south-2', 'eu'], ['eu-west-2', undefined], ['eu-central-2', undefined], ['us-east-1', 'us'], ['us-gov-west-1', undefined], ['ap-northeast-1', undefined], ['ca-central-1', undefined],
  ] as const
  test.each(PLACES)('E12: AWS %s is in %p', (region, expected) => {
    const snapshot = snapshotOf(`providers: { amazon-bedrock: { api_key: k, region: ${region} } }`)
    const plain = [...snapshot.models.values()].flatMap(({ endpoints }) => endpoints).find(({ tag }) => tag === 'amazon-bedrock')
    expect(plain && dataPolicyOf(plain).region).toBe(expected)
  })

  test('E12: a profile of a geography stays in it, a global one nowhere', () => {
    const tags = [...snapshotOf('{}').models.values()].flatMap(({ endpoints }) => endpoints).filter(({ tag }) => tag.startsWith('amazon-bedrock/')).map((one) => [one.tag, dataPolicyOf(one).region ?? null].join(' '))
    expect([...new Set(tags)].sort()).toEqual(['amazon-bedrock/au ', 'amazon-bedrock/eu eu', 'amazon-bedrock/global ', 'amazon-bedrock/jp ', 'amazon-bedrock/us us'])
  })

  test('E12: what the operator says of places: all of them must be there', () => {
    const where = (regions: string) => dataPolicyOf(endpoint(snapshotOf(`providers: { acme: { base_url: "http://x.test/v1", api_key: k, regions: ${regions}, models: [{ id: acme/m }] } }`), 'acme/m', 'acme')).region
    expect([where('[eu]'), where('[DE, fr]'), where('[us]'), where('[US, DE]'), where('[GB]')]).toEqual(['eu', 'eu', 'us', undefined, undefined])
  })
})

describe("the operator's file", () => {
  test('what was agreed holds for all models, and is its own source', () => {
    const snapshot = snapshotOf('providers: { azure: { data_policy: { retains: false, trains: false } }, amazon-bedrock: { data_policy: { retains: false, retention_days: 0, trains: false, source: contract, as_of: "2026-01-01" } } }')
    const model = [...snapshot.models.values()].find(({ id, endpoints }) => id.startsWith('openai/') && endpoints.some(({ provider }) => provider.slug === 'azure'))
    expect(dataPolicyOf(endpoint(snapshot, model?.id ?? '', 'azure'))).toMatchObject({ retains: false, trains: false, source: "the operator's file" })
    const any = [...snapshot.models.values()].flatMap(({ endpoints }) => endpoints).filter(({ provider }) => provider.slug === 'amazon-bedrock')
    expect(any.some((one) => dataPolicyOf(one).retains)).toBe(false)
    expect(any.map((one) => dataPolicyOf(one).source).every((source) => source === 'contract')).toBe(true)
  })

  test('policy: every key of it', () => {
    expect(snapshotOf(`policy:
  allowed_providers: [openai]
  ignored_providers: [azure]
  allowed_models: [openai/*]
  ignored_models: [openai/gpt-4]
  enforce_zdr: [anthropic, xai]
  enable_paid_model_training: false
  enable_free_model_training: false
  enable_free_model_publication: false
  data_region: eu
  allowed_countries: [us]
  blocked_countries: [cn]
  default_provider_sort: latency`).policy).toEqual({
      allowedProviders: ['openai'], ignoredProviders: ['azure'], allowedModels: ['openai/*'], ignoredModels: ['openai/gpt-4'], zdr: ['anthropic', 'xai'], paidTraining: false, freeTraining: false,
      freePublication: false, region: 'eu', allowedCountries: ['US'], blockedCountries: ['CN'], sort: 'latency',
    })
    expect(snapshotOf('policy: { enforce_zdr: true }').policy?.zdr).toHaveLength(5)
  })

  test.each([
    ['policy: { allowed_provider: [x] }', 'unknown key'], ['policy: { allowed_providers: [] }', 'empty list'], ['policy: { data_region: mars }', 'must be one of eu, us'], ['policy: { enforce_zdr: [meta] }', 'must be one of anthropic'],
    ['policy: { blocked_countries: [China] }', 'code of a country'], ['providers: { openai: { regions: [mars] } }', 'eu, us or the code of a country'], ['providers: { openai: { data_policy: { keeps: true } } }', 'unknown key'],
    ['providers: { openai: { models: [{ id: a/b, visible_to: [] }] } }', 'names nobody'], ['providers: { openai: { models: [{ id: a/b, visible_to: [sk-sw-v1-abc] }] } }', 'holds a key'],
  ])('%s is refused', (yaml, why) => {
    expect(errorsOf(yaml).join('\n')).toContain(why)
  })
})

describe('private models', () => {
  const snapshot = snapshotOf(`providers:
  acme:
    base_url: http://x.test/v1
    api_key: k
    models:
      - { id: acme/secret, visible_to: [team-a, abc123] }
      - { id: openai/gpt-4o, visible_to: [team-a] }
  other:
    base_url: http://y.test/v1
    api_key: k
    models: [{ id: other/secret, visible_to: [team-b] }]
aliases: { nice: acme/secret }`)
  const tagsOf = (seen: Snapshot, id: string) => seen.models.get(id)?.endpoints.map(({ tag }) => tag).includes('acme')

  test('C58: are there for the accounts and keys that they are for, and for nobody else', () => {
    const [a, key, b, nobody] = [seenBy(snapshot, 'team-a', 'k1'), seenBy(snapshot, 'default', 'abc123'), seenBy(snapshot, 'team-b', 'k2'), seenBy(snapshot)]
    expect([a, key, b, nobody].map((seen) => seen.models.has('acme/secret'))).toEqual([true, true, false, false])
    expect([a, key, b, nobody].map((seen) => seen.models.has('other/secret'))).toEqual([false, false, true, false])
    expect([a, key, b].map((seen) => tagsOf(seen, 'openai/gpt-4o'))).toEqual([true, false, false])
    expect([a, b].map((seen) => seen.aliases.has('nice'))).toEqual([true, false])
    expect([a, b].map((seen) => seen.providers.has('other'))).toEqual([false, true])
  })

  test('C58: who sees the same has the same view, and where nothing is private it is the catalogue itself', () => {
    expect(seenBy(snapshot, 'x', 'k1')).toBe(seenBy(snapshot, 'y', 'k2'))
    const open = snapshotOf('{}')
    expect(seenBy(open, 'x')).toBe(open)
  })
})
