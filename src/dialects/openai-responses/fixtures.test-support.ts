import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call } from '../../core/call.ts'
import type { Cost, Event } from '../../core/event.ts'
import { parseObject, type JsonObject } from '../../core/json.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { ResponseStreamReader } from './answer-read.ts'
import { readCall } from './call-read.ts'

/** A call as a client of the Responses API would send it. */
export function testCall(body: JsonObject): Call {
  const whole: JsonObject = { model: 'acme/tiny', input: 'Hi', ...body }
  return readCall(whole, { id: 'gen-1-test', createdMs: 1_750_000_000_000, headers: {}, bodyBytes: JSON.stringify(whole).length })
}

/** An endpoint of a provider of the Responses API. */
export function testEndpoint(options: { readonly slug?: string; readonly parameters?: readonly string[]; readonly reasoning?: Endpoint['reasoning'] } = {}): Endpoint {
  return {
    id: 'acme/tiny@acme', modelId: 'acme/tiny', tag: 'acme', upstreamId: 'tiny-1', contextMax: 128_000, outputMax: 8192,
    price: { state: 'free', prompt: 0n, completion: 0n }, parameters: options.parameters ? new Set(options.parameters) : null, inputs: null, outputs: new Set(['text']),
    ...(options.reasoning ? { reasoning: options.reasoning } : {}), quantization: 'unknown', deprecated: false,
    provider: {
      slug: options.slug ?? 'openai', name: 'Acme', baseUrl: 'http://127.0.0.1:1/v1', dialect: 'openai-responses', auth: 'bearer', env: [], quirks: new Set(), headers: {},
      retainsPrompts: true, mayTrain: true,
    },
  }
}

const COST: Cost = { total: 1_000n, prompt: 400n, completion: 600n, byok: false, upstream: 1_000n }
/** The first and the last Event of every answer. */
export const SERVED: Event = { type: 'served', model: 'acme/tiny', provider: 'Acme', warnings: [] }
export const END: Event = { type: 'end', usage: { ...NO_USAGE, promptTokens: 7, completionTokens: 3 }, cost: COST }

/** The Events of a stream whose frames hold these objects. */
export function eventsOf(objects: readonly JsonObject[], options: { readonly carry?: boolean; readonly endpoint?: Endpoint } = {}): Event[] {
  const reader = new ResponseStreamReader(options.endpoint ?? testEndpoint(), options.carry ?? false)
  const out: Event[] = []
  for (const object of objects) reader.read({ event: '', data: JSON.stringify(object) }, out)
  reader.end(out)
  return out
}

/** The objects of the `data:` lines of a stream's text, `[DONE]` left out. */
export function objectsIn(text: string): JsonObject[] {
  return text.split('\n').filter((line) => line.startsWith('data: {')).map((line) => parseObject(line.slice(6)) ?? {})
}
