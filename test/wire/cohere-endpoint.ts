import type { Endpoint } from '../../src/catalog/endpoint.ts'
import { bedrockEndpoint } from './bedrock-call.ts'

/** An endpoint of Cohere that takes everything. */
export function cohereEndpoint(): Endpoint {
  const { provider, ...endpoint } = bedrockEndpoint('command-a-03-2025')
  return { ...endpoint, provider: { ...provider, slug: 'cohere', name: 'Cohere', baseUrl: 'https://api.cohere.com', dialect: 'cohere' } }
}
