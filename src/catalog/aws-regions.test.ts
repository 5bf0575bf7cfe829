import { describe, expect, test } from 'bun:test'
import { offersInRegion } from './aws-regions.ts'
import { buildSnapshot } from './snapshot.ts'

/** Tags of Bedrock's endpoints of a model, from a region. */
function tags(model: string, region?: string): string[] {
  const env = { AWS_BEARER_TOKEN_BEDROCK: 'k', ...(region === undefined ? {} : { AWS_REGION: region }) }
  return (buildSnapshot({ env, version: 1 }).models.get(model)?.endpoints ?? []).map((endpoint) => endpoint.tag).filter((tag) => tag.startsWith('amazon-bedrock')).toSorted()
}

describe('offers of Bedrock in a region', () => {
  for (const [region, geography] of [['us-east-1', 'us'], ['eu-central-1', 'eu'], ['ap-northeast-1', 'jp'], ['ap-southeast-2', 'au'], ['ca-central-1', 'us']] as const) {
    test(`${region} has the profiles of ${geography} and of the world, and the bare model only without them`, () => {
      expect(tags('anthropic/claude-sonnet-4.5', region)).toEqual([`amazon-bedrock/${geography}`, 'amazon-bedrock/global'].toSorted())
      expect(tags('amazon/nova-pro-v1', region)).toEqual(['amazon-bedrock'])
    })
  }

  test('a region without a profile has the bare model', () => {
    expect(tags('meta-llama/llama-4-maverick', 'eu-central-1')).toEqual(['amazon-bedrock'])
    expect(tags('meta-llama/llama-4-maverick', 'us-west-2')).toEqual(['amazon-bedrock/us'])
    expect(tags('anthropic/claude-sonnet-4.5', 'us-gov-west-1')).toEqual(['amazon-bedrock'])
  })

  test('where no region is known, all are shown', () => {
    expect(tags('anthropic/claude-sonnet-4.5').length).toBeGreaterThan(4)
  })

  test('other providers, and what goes by another address of Bedrock, stay', () => {
    const offers = [{ provider: 'x', upstream: 'a' }, { provider: 'amazon-bedrock', upstream: 'b', via: 'mantle' }, { provider: 'amazon-bedrock', upstream: 'c', variant: 'fast' }]
    expect(offersInRegion(offers, 'amazon-bedrock', 'us-east-1')).toEqual(offers)
  })
})
