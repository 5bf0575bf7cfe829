import type { Endpoint } from '../../src/catalog/endpoint.ts'

/** An endpoint of Bedrock that takes everything, unless told otherwise. */
export function bedrockEndpoint(upstreamId = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `test/${upstreamId}@amazon-bedrock`, modelId: `test/${upstreamId}`, tag: 'amazon-bedrock', upstreamId,
    provider: {
      slug: 'amazon-bedrock', name: 'Amazon Bedrock', baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com', dialect: 'bedrock-converse', auth: 'bearer', env: [], region: 'us-east-1',
      quirks: new Set(), headers: {}, retainsPrompts: true, mayTrain: true,
    },
    price: { state: 'free', prompt: 0n, completion: 0n }, contextMax: 200_000, outputMax: 64_000, parameters: null, inputs: null, outputs: new Set(['text']),
    quantization: 'unknown', deprecated: false, ...more,
  }
}
