import { expect, test } from 'bun:test'
import type { Endpoint, Model, Price, Provider, Snapshot } from '../catalog/endpoint.ts'
import type { Call, Modality, Needs, Preferences } from '../core/call.ts'
import type { Fault } from '../core/fault.ts'
import type { Nano } from '../core/nano.ts'
import { parseUsd } from '../core/nano.ts'
import { NO_AFFINITY } from './affinity.ts'
import { UNKNOWN_HEALTH, type EndpointHealth, type HealthView } from './health.ts'
import type { Plan } from './plan.ts'
import { route } from './route.ts'
import type { RoutingView } from './view.ts'

/** A catalogue made by hand, for the tests of routing: `catalogue({ 'a/m': [at('openai', { usd: '1' })] })`. */
export interface EndpointSketch extends Partial<Omit<Endpoint, 'provider'>> {
  /** USD per million tokens, prompt and completion alike. */
  readonly usd?: string
  readonly provider?: Partial<Provider>
}

/** An endpoint at a tag: `openai`, `google-vertex/us-east5`. */
export function at(tag: string, sketch: EndpointSketch = {}): (modelId: string) => Endpoint {
  return (modelId) => {
    const { usd, provider, ...rest } = sketch
    const amount = usd === undefined ? 0n : nano(usd)
    return {
      id: `${modelId}@${tag}`, modelId, tag, upstreamId: modelId, price: usd === undefined ? { state: 'free', prompt: 0n, completion: 0n } : priced(amount, amount),
      contextMax: 100_000, outputMax: 8_000, parameters: new Set(['temperature', 'max_tokens']), inputs: new Set<Modality>(['text']), outputs: new Set<Modality>(['text']),
      quantization: 'unknown', deprecated: false, ...rest, provider: providerOf(tag, provider),
    }
  }
}

function providerOf(tag: string, provider: Partial<Provider> = {}): Provider {
  const slug = tag.split('/')[0] ?? tag
  return {
    slug, name: slug.replace(/^./, (letter) => letter.toUpperCase()), baseUrl: 'https://provider.test', dialect: 'openai-chat', auth: 'bearer',
    env: [`${slug.toUpperCase().replaceAll('-', '_')}_API_KEY`], quirks: new Set(), headers: {}, retainsPrompts: false, mayTrain: false, ...provider,
  }
}

export function nano(usd: string): Nano {
  const amount = parseUsd(usd)
  if (amount === undefined) throw new Error(`not an amount: ${usd}`)
  return amount
}

export function priced(prompt: Nano, completion: Nano): Price {
  return { state: 'priced', prompt, completion }
}

export function catalogue(models: Readonly<Record<string, readonly ((modelId: string) => Endpoint)[]>>, more: Partial<Model> = {}, unpricedAllowed = false): Snapshot {
  const made = Object.entries(models).map(([id, endpoints]): [string, Model] => [id, {
    id, canonicalSlug: id, name: id, description: '', created: 0, inputs: ['text'], outputs: ['text'], contextMax: 100_000, tokenizer: 'Other', ...more,
    endpoints: endpoints.map((make) => make(id)),
  }])
  return { version: 1, models: new Map(made), providers: new Map(), aliases: new Map(), unpricedAllowed }
}

/** A call for models, with preferences and needs of its own. */
export function callFor(models: string | readonly string[], preferences: Partial<Preferences> = {}, needs: Partial<Needs> = {}, body: object = {}): Call {
  return {
    id: 'gen-1', api: 'chat', dialect: 'openai-chat', createdMs: 0, stream: false, models: typeof models === 'string' ? [models] : models, body: { messages: [], ...body },
    preferences: { allowFallbacks: true, requireParameters: false, partition: 'model', dataCollection: 'allow', zdr: false, ...preferences },
    reasoning: { exclude: false }, headers: {},
    needs: { parameters: [], inputs: [], outputs: ['text'], promptTokensMax: 1_000, choices: 1, ...needs },
  }
}

/** Health by the endpoint's tag; who is not named has never been called. */
export function healthOf(states: Readonly<Record<string, Partial<EndpointHealth>>> = {}): HealthView {
  return { of: (id) => ({ ...UNKNOWN_HEALTH, ...states[id.slice(id.indexOf('@') + 1)] }) }
}

/** The first of a group is drawn. */
export const DRAW_FIRST = (): number => 0
export const NOW_MS = Date.parse('2026-06-01T00:00:00Z')

export function viewOf(snapshot: Snapshot, health: HealthView = healthOf(), draw: () => number = DRAW_FIRST): RoutingView {
  return { snapshot, health, draw, nowMs: NOW_MS, affinity: NO_AFFINITY }
}

export function plan(snapshot: Snapshot, call: Call, states: Readonly<Record<string, Partial<EndpointHealth>>> = {}, draw: () => number = DRAW_FIRST): Plan {
  return route(call, viewOf(snapshot, healthOf(states), draw))
}

/** Tags in the order to try. */
export function tags({ steps }: Plan): string[] {
  return steps.map(({ endpoint }) => endpoint.tag)
}

/** Tag → the rule that took it out. */
export function exclusions({ excluded }: Pick<Plan, 'excluded'>): Record<string, string> {
  return Object.fromEntries(excluded.map(({ endpoint, rule }) => [endpoint.tag, rule]))
}

/** What the call is refused with. */
export function faultOf(run: () => unknown): Fault {
  try {
    run()
  } catch (error) {
    // Tests look at its fields; one that is no Fault fails there.
    return error as Fault
  }
  throw new Error('nothing was thrown')
}

test('a model with one endpoint has a Plan of one step, without a draw', () => {
  const only = plan(catalogue({ 'a/m': [at('openai', { usd: '1' })] }), callFor('a/m'), {}, () => { throw new Error('nothing to draw') })
  expect(only.steps).toMatchObject([{ requested: 'a/m', reason: 'the only endpoint', endpoint: { tag: 'openai' } }])
  expect(only).toMatchObject({ excluded: [], strategy: 'direct' })
})
