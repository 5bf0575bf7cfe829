import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { startGateway, type Gateway } from '../server.ts'
import { saysAnthropic } from './says-anthropic.ts'
import { saysGemini } from './says-gemini.ts'
import { saysOpenai } from './says-openai.ts'
import { saysResponses } from './says-responses.ts'
import { startScripted, type ScriptedProvider } from './scripted.ts'
import { BILLED, type Turn } from './turn.ts'

/** A model that a client can call, and the provider behind it. */
export interface Side {
  readonly name: 'anthropic' | 'gemini' | 'openai-chat' | 'openai-responses'
  readonly model: string
  readonly provider: ScriptedProvider
}

/** The running gateway with a scripted provider of each dialect behind it. */
export interface Stage {
  readonly gateway: Gateway
  /** `http://…/api/v1` */
  readonly baseUrl: string
  side(name: Side['name']): Side
  /** Makes a key at the command line, as an operator does. */
  createKey(...flags: string[]): string
  /** The stored record of a call, `data` of GET /generation. */
  generation(id: string): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

export const SIDES = ['anthropic', 'gemini', 'openai-chat', 'openai-responses'] as const
const MODELS = { anthropic: 'anthropic/claude-sonnet-4.5', gemini: 'google/gemini-2.5-flash', 'openai-chat': 'acme/tiny', 'openai-responses': 'acme/thinker' } as const
const SPEECHES = { anthropic: saysAnthropic, gemini: saysGemini, 'openai-chat': saysOpenai, 'openai-responses': saysResponses } as const

/** USD per million tokens: as the catalogue has them, and as the operator's file below. */
const PRICES = { anthropic: { input: 3, cached: 0.3, output: 15 }, gemini: { input: 0.3, cached: 0.03, output: 2.5 }, 'openai-chat': { input: 0.1, cached: 0.1, output: 0.4 }, 'openai-responses': { input: 0.1, cached: 0.1, output: 0.4 } } as const

/** What a scripted turn costs at this side, in nano-dollars. */
export function costNano(side: Side['name']): number {
  const { input, cached, output } = PRICES[side]
  return Math.round((BILLED.prompt - BILLED.cached) * input * 1000) + Math.round(BILLED.cached * cached * 1000) + Math.round(BILLED.completion * output * 1000)
}

/** USD as the wire has it, in whole nano-dollars. */
export function nanoOf(usd: unknown): number {
  return Math.round(Number(usd) * 1e9)
}

/** Starts everything. */
export async function openStage(): Promise<Stage> {
  const providers = new Map(await Promise.all(SIDES.map(async (name) => [name, await startScripted(SPEECHES[name])] as const)))
  const at = (name: Side['name']): ScriptedProvider => {
    const provider = providers.get(name)
    if (!provider) throw new Error(`no provider ${name}`)
    return provider
  }
  const gateway = await startGateway({
    config: `
providers:
  anthropic: { base_url: ${at('anthropic').url}, api_key: sk-test }
  google: { base_url: ${at('gemini').url}, api_key: sk-test }
  acme:
    dialect: openai-chat
    base_url: ${at('openai-chat').url}/v1
    api_key: sk-test
    quirks: [reasoning_object]
    models:
      - { id: acme/tiny, upstream_id: tiny-1, context: 128000, max_output: 8192, price: { input: "0.10", output: "0.40" } }
  acme-responses:
    dialect: openai-responses
    base_url: ${at('openai-responses').url}/v1
    api_key: sk-test
    models:
      - { id: acme/thinker, upstream_id: thinker-1, context: 128000, max_output: 8192, price: { input: "0.10", output: "0.40" } }
`,
  })
  return {
    gateway,
    baseUrl: `${gateway.url}/api/v1`,
    side: (name) => ({ name, model: MODELS[name], provider: at(name) }),
    createKey: (...flags) => createKey(gateway, flags),
    generation: async (id) => (await (await gateway.api(`/generation?id=${id}`)).json() as { data: Record<string, unknown> }).data,
    stop: async () => {
      await gateway.stop()
      await Promise.all([...providers.values()].map((provider) => provider.stop()))
    },
  }
}

function createKey(gateway: Gateway, flags: readonly string[]): string {
  const command = [join(import.meta.dir, '..', '..', 'bin', 'switchyard.mjs'), 'keys', 'create', '--json', '--data', gateway.dataDir, ...flags]
  const run = spawnSync('node', command, { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`switchyard keys create: ${run.stderr}`)
  return (JSON.parse(run.stdout) as { key: string }).key
}

/** The conversation of these tests: a question, two calls at once, their results, an answer. */
export const QUESTION = 'What is the weather in Paris and in Rome?'
export const ANSWER = 'It is 21 °C in Paris — and 24 °C in Rome ☀️.'
export const CALLS = [
  { id: 'toolu_01A09q90qw90lq917835lq9', name: 'get_weather', arguments: { city: 'Paris', unit: 'celsius' } },
  { id: 'toolu_01B09q90qw90lq917835lq9', name: 'get_weather', arguments: { city: 'Rome', unit: 'celsius' } },
] as const
export const RESULTS: Readonly<Record<string, string>> = { Paris: '21 degrees', Rome: '24 degrees' }
/** As long and as odd as real ones: all of the base64 alphabet, padding. */
export const SIGNATURE = `${Buffer.from(Uint8Array.from({ length: 400 }, (_, at) => (at * 37 + 11) % 256)).toString('base64')}`
export const THINKING = { text: 'The user wants two cities.\n\nI call the tool twice: "Paris", "Rome" 🤔.', signature: SIGNATURE } as const
export const CALLS_TURN: Turn = { thinking: THINKING, calls: CALLS }
export const ANSWER_TURN: Turn = { text: ANSWER }
/** One pixel. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
/** A page with nothing on it, as far as anybody here reads. */
export const PDF = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64')
