import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import { readCall } from './call-read.ts'

/** A call as a client would send it. */
export function testCall(body: JsonObject): Call {
  const whole: JsonObject = { model: 'acme/tiny', messages: [{ role: 'user', content: 'Hi' }], ...body }
  return readCall(whole, { id: 'gen-1-test', createdMs: 1_750_000_000_000, headers: {}, bodyBytes: JSON.stringify(whole).length })
}

/** An endpoint of an OpenAI-compatible provider. */
export function testEndpoint(options: { readonly quirks?: readonly string[]; readonly parameters?: readonly string[]; readonly upstreamId?: string; readonly reasoning?: Endpoint['reasoning'] }): Endpoint {
  return {
    id: 'acme/tiny@acme', modelId: 'acme/tiny', tag: 'acme', upstreamId: options.upstreamId ?? 'tiny-1', contextMax: 128_000, outputMax: 8192,
    price: { state: 'free', prompt: 0n, completion: 0n }, parameters: options.parameters ? new Set(options.parameters) : null, inputs: null, outputs: new Set(['text']),
    ...(options.reasoning ? { reasoning: options.reasoning } : {}), quantization: 'unknown', deprecated: false,
    provider: {
      slug: 'acme', name: 'Acme', baseUrl: 'http://127.0.0.1:1/v1', dialect: 'openai-chat', auth: 'bearer', env: [], quirks: new Set(options.quirks ?? []), headers: {},
      credential: 'sk-test', retainsPrompts: true, mayTrain: true,
    },
  }
}
