import { describe, expect, test } from 'bun:test'
import type { Endpoint, Snapshot } from './endpoint.ts'
import { findModel } from './names.ts'
import { EMPTY_OPERATOR_FILE, type OperatorFile } from './operator-file.ts'
import { parseOperatorFile } from './operator.ts'
import { catalogueRows } from './rows.ts'
import { buildSnapshot } from './snapshot.ts'

const plain = buildSnapshot({ env: {}, version: 1 })

function operator(text: string): OperatorFile {
  const result = parseOperatorFile(text, { file: 'f', env: {}, isBuiltIn: (slug) => plain.providers.has(slug) })
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return result.file
}

const withFile = (text: string, env = {}): Snapshot => buildSnapshot({ env, version: 2, operator: operator(text) })
const endpoint = (snapshot: Snapshot, id: string): Endpoint | undefined => [...snapshot.models.values()].flatMap((model) => model.endpoints).find((one) => one.id === id)

describe('the built-in catalogue', () => {
  test('has what it must', () => {
    expect(plain.models.size).toBeGreaterThanOrEqual(341)
    expect(plain.providers.size).toBeGreaterThanOrEqual(60)
    const priced = [...plain.models.values()].filter((model) => model.endpoints.some((one) => one.price.state !== 'unpriced'))
    expect(priced.length).toBeGreaterThanOrEqual(341)
  })

  test('a description says no number of tokens: that is the endpoints’ matter', () => {
    for (const model of plain.models.values()) expect(model.description).not.toMatch(/\d tokens/)
  })

  test('the thinking of Claude is a variant of the model, at its maker too', () => {
    const found = findModel(plain, 'anthropic/claude-opus-4.6:thinking')
    expect([found?.model.id, found?.variants]).toEqual(['anthropic/claude-opus-4.6', ['thinking']])
  })

  test('Claude at Anthropic, Bedrock and Vertex is one model', () => {
    const claude = plain.models.get('anthropic/claude-sonnet-4.5')
    const tags = claude?.endpoints.map((one) => one.tag) ?? []
    for (const tag of ['anthropic', 'amazon-bedrock', 'amazon-bedrock/us', 'google-vertex']) expect(tags).toContain(tag)
    expect(tags[0]).toBe('anthropic')
    expect(claude?.canonicalSlug).toBe('anthropic/claude-sonnet-4.5-20250929')
    expect(endpoint(plain, 'anthropic/claude-sonnet-4.5@anthropic')?.price).toMatchObject({ state: 'priced', prompt: 3_000_000_000n, completion: 15_000_000_000n, cacheRead: 300_000_000n, cacheWrite: 3_750_000_000n, cacheWriteHour: 6_000_000_000n })
  })

  test.each(['openai/gpt-4o-mini', 'google/gemini-2.5-flash', 'meta-llama/llama-3.3-70b-instruct', 'deepseek/deepseek-chat', 'deepseek/deepseek-r1', 'qwen/qwen3-235b-a22b', 'mistralai/mistral-large-2512',
    'x-ai/grok-4.3', 'moonshotai/kimi-k2', 'z-ai/glm-4.6', 'openai/gpt-oss-120b', 'openai/gpt-oss-120b:free', 'minimax/minimax-m2'])('has %s', (id) => {
    expect(plain.models.get(id)?.endpoints.length).toBeGreaterThan(0)
  })

  test('what is not the same is not one model', () => {
    for (const [a, b] of [['openai/gpt-4', 'openai/gpt-4-turbo'], ['openai/gpt-4o', 'openai/gpt-4o-mini'], ['anthropic/claude-3.5-sonnet', 'anthropic/claude-3.5-sonnet-20240620'],
      ['qwen/qwen3-235b-a22b', 'qwen/qwen3-235b-a22b-2507'], ['deepseek/deepseek-r1', 'deepseek/deepseek-r1-0528'], ['z-ai/glm-5', 'z-ai/glm-5-turbo'], ['moonshotai/kimi-k2', 'moonshotai/kimi-k2-0905']] as const) {
      const [first, second] = [plain.models.get(a), plain.models.get(b)]
      const names = (model: typeof first) => (model?.endpoints ?? []).map((one) => `${one.provider.slug} ${one.upstreamId}`)
      expect(names(first).length * names(second).length).toBeGreaterThan(0)
      expect(names(first).filter((name) => names(second).includes(name))).toEqual([])
    }
  })

  test('ids are unique, aliases lead to models and hide none', () => {
    const ids = [...plain.models.values()].flatMap((model) => model.endpoints.map((one) => one.id))
    expect(new Set(ids).size).toBe(ids.length)
    for (const [name, id] of plain.aliases) {
      expect(plain.models.has(id)).toBe(true)
      expect(plain.models.has(name)).toBe(false)
      expect(name).toBe(name.toLowerCase())
    }
  })

  test('each endpoint is whole', () => {
    for (const model of plain.models.values()) {
      expect(model.id).toMatch(/^[a-z0-9][\w.-]*\/[a-z0-9][\w.+-]*(?::[a-z]+)*$/)
      expect(model.name).not.toBe('')
      for (const one of model.endpoints) {
        expect(one.modelId).toBe(model.id)
        expect(one.contextMax).toBeGreaterThan(0)
        expect((one.outputMax ?? 0) <= one.contextMax).toBe(true)
        expect(one.outputs.size).toBeGreaterThan(0)
        if (model.id.endsWith(':free')) expect(one.price.state).not.toBe('priced')
        if (one.price.state === 'priced') expect(one.price.prompt + one.price.completion > 0n).toBe(true)
      }
    }
  })

  test('prices of one model are of one size: a merge of two models would show', () => {
    for (const model of plain.models.values()) {
      const sums = model.endpoints.filter((one) => one.price.state === 'priced' && one.outputs.has('text') && one.outputs.size === 1).map((one) => Number(one.price.prompt + one.price.completion)).toSorted((a, b) => a - b)
      const middle = sums[Math.floor(sums.length / 2)] ?? 1
      if (sums.length > 2) for (const sum of sums) expect(Math.max(sum / middle, middle / sum)).toBeLessThan(20)
    }
  })

  test('no provider takes more than 40 lines, and each says how it is called', () => {
    for (const row of catalogueRows().providers) {
      expect(JSON.stringify(row, null, 1).split('\n').length).toBeLessThanOrEqual(40)
      expect(row.url).toMatch(/^https:\/\/|^http:\/\/localhost|^\$\{/)
      expect(row.env.length).toBeGreaterThan(0)
    }
  })
})

describe('parameters', () => {
  test('an endpoint lists what it takes, in the contract’s words', () => {
    const names = (id: string) => [...(endpoint(plain, id)?.parameters ?? [])]
    expect(names('openai/gpt-4o-mini@openai')).toEqual(expect.arrayContaining(['temperature', 'top_p', 'max_tokens', 'stop', 'seed', 'tools', 'tool_choice', 'parallel_tool_calls', 'response_format', 'structured_outputs', 'logprobs', 'logit_bias']))
    expect(names('openai/gpt-4o-mini@openai')).not.toContain('top_k')
    expect(names('openai/gpt-5@openai')).toEqual(expect.arrayContaining(['reasoning', 'include_reasoning', 'reasoning_effort', 'verbosity']))
    expect(names('openai/gpt-5@openai')).not.toContain('temperature')
    expect(names('anthropic/claude-sonnet-4.5@anthropic')).toEqual(expect.arrayContaining(['top_k', 'tools', 'reasoning']))
    expect(names('anthropic/claude-sonnet-4.5@anthropic')).not.toContain('seed')
    expect(names('google/gemini-2.5-flash@google')).not.toContain('parallel_tool_calls')
  })

  test('how it thinks', () => {
    expect(endpoint(plain, 'openai/gpt-5@openai')?.reasoning).toEqual({ efforts: ['minimal', 'low', 'medium', 'high'], budget: false, mandatory: true })
    expect(endpoint(plain, 'anthropic/claude-sonnet-4.5@anthropic')?.reasoning).toEqual({ budget: true, mandatory: false })
    expect(endpoint(plain, 'openai/gpt-4o-mini@openai')?.reasoning).toBeUndefined()
  })
})

describe('readiness', () => {
  test('without a credential a provider says what to set; with one it is ready', () => {
    expect(plain.providers.get('anthropic')?.notReady).toBe('no credential: set ANTHROPIC_API_KEY')
    const ready = buildSnapshot({ env: { ANTHROPIC_API_KEY: 'k', GOOGLE_API_KEY: 'g' }, version: 1 })
    expect(ready.providers.get('anthropic')).toMatchObject({ credential: 'k', auth: 'x-api-key', baseUrl: 'https://api.anthropic.com' })
    expect(ready.providers.get('anthropic')?.notReady).toBeUndefined()
    expect(ready.providers.get('google')).toMatchObject({ credential: 'g', dialect: 'gemini' })
  })

  test('an empty variable is none', () => {
    expect(buildSnapshot({ env: { ANTHROPIC_API_KEY: '' }, version: 1 }).providers.get('anthropic')?.notReady).toContain('no credential')
  })

  test('clouds say which variables hold their credentials', () => {
    expect(plain.providers.get('amazon-bedrock')?.notReady).toBe('no credential: set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID')
    expect(plain.providers.get('google-vertex')?.notReady).toBe('no credential: set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_VERTEX_API_KEY')
    expect(endpoint(plain, 'openai/o3-pro@openai')?.provider.notReady).toBe('no credential: set OPENAI_API_KEY')
  })

  test('a model on a cloud takes the parameters of its maker’s dialect', () => {
    const taken = (id: string) => [...(endpoint(plain, id)?.parameters ?? [])]
    expect(taken('google/gemini-2.5-flash@google-vertex')).toContain('seed')
    expect(taken('anthropic/claude-sonnet-4.5@google-vertex')).not.toContain('seed')
    expect(taken('anthropic/claude-sonnet-4.5@google-vertex')).toContain('top_k')
  })

  test('an address can need the environment too', () => {
    const half = buildSnapshot({ env: { AZURE_API_KEY: 'k' }, version: 1 })
    expect(half.providers.get('azure')?.notReady).toBe('no address: set AZURE_RESOURCE_NAME')
    const whole = buildSnapshot({ env: { AZURE_API_KEY: 'k', AZURE_RESOURCE_NAME: 'mine' }, version: 1 })
    expect(whole.providers.get('azure')).toMatchObject({ baseUrl: 'https://mine.openai.azure.com/openai/v1', auth: 'api-key' })
  })

  test('the demo is always ready, free but for one', () => {
    expect(plain.providers.get('demo')?.notReady).toBeUndefined()
    expect(['demo/echo', 'demo/writer', 'demo/reasoner', 'demo/priced'].map((id) => plain.models.get(id)?.endpoints[0]?.price.state)).toEqual(['free', 'free', 'free', 'priced'])
  })

  test('unknown policies count as the worst', () => {
    expect(plain.providers.get('302ai')).toMatchObject({ retainsPrompts: true, mayTrain: true })
    expect(plain.providers.get('openai')).toMatchObject({ retainsPrompts: true, mayTrain: false })
  })
})

describe("the operator's file", () => {
  test('an override keeps what it does not name', () => {
    const provider = withFile('providers: { anthropic: { base_url: "http://127.0.0.1:9101/", api_key: sk-test } }').providers.get('anthropic')
    expect(provider).toMatchObject({ baseUrl: 'http://127.0.0.1:9101', credential: 'sk-test', dialect: 'anthropic-messages', auth: 'x-api-key', name: 'Anthropic', headquarters: 'US' })
    expect(provider?.notReady).toBeUndefined()
  })

  test('an override reaches the other dialects of a provider, so that nothing goes past it', () => {
    const snapshot = withFile('providers: { openai: { base_url: "http://127.0.0.1:1/v1", api_key: k } }')
    expect(endpoint(snapshot, 'openai/o3-pro@openai')?.provider).toMatchObject({ baseUrl: 'http://127.0.0.1:1/v1', dialect: 'openai-responses' })
  })

  test('a base URL may end as in the SDKs', () => {
    expect(withFile('providers: { anthropic: { base_url: "https://x.test/v1", api_key: k } }').providers.get('anthropic')?.baseUrl).toBe('https://x.test')
  })

  test('a new provider, ready by its key, or without one on this machine', () => {
    const snapshot = withFile('providers:\n  acme: { base_url: "https://acme.test/v1", models: [ { id: acme/tiny } ] }\n  here: { base_url: "http://localhost:8000/v1" }\n')
    expect(snapshot.providers.get('acme')?.notReady).toBe('no credential: give it an api_key')
    expect(snapshot.providers.get('here')).toMatchObject({ auth: 'none', dialect: 'openai-chat' })
    expect(snapshot.providers.get('here')?.notReady).toBeUndefined()
  })

  test('a model that says nothing takes everything and is unpriced', () => {
    const tiny = endpoint(withFile('providers: { acme: { base_url: "http://127.0.0.1:1", models: [ { id: acme/tiny } ] } }'), 'acme/tiny@acme')
    expect(tiny).toMatchObject({ parameters: null, inputs: null, upstreamId: 'tiny', price: { state: 'unpriced' } })
  })

  test('a model of the catalogue gets one more endpoint, first', () => {
    const model = withFile('providers: { acme: { base_url: "http://127.0.0.1:1", models: [ { id: OpenAI/GPT-4o-mini, price: free }, { id: anthropic/claude-sonnet-4-5 } ] } }').models
    expect(model.get('openai/gpt-4o-mini')?.endpoints[0]?.id).toBe('openai/gpt-4o-mini@acme')
    expect(model.get('anthropic/claude-sonnet-4.5')?.endpoints[0]?.tag).toBe('acme')
    expect(model.get('openai/gpt-4o-mini')?.endpoints.length).toBe((plain.models.get('openai/gpt-4o-mini')?.endpoints.length ?? 0) + 1)
  })

  test('a model named at its built-in provider keeps what is not said of it', () => {
    const snapshot = withFile('providers: { openai: { models: [ { id: openai/gpt-4o-mini, price: { input: "1", output: "2" } } ] } }')
    const [before, after] = [endpoint(plain, 'openai/gpt-4o-mini@openai'), endpoint(snapshot, 'openai/gpt-4o-mini@openai')]
    expect(after).toMatchObject({ upstreamId: 'gpt-4o-mini', price: { state: 'priced', prompt: 1_000_000_000n } })
    expect([after?.parameters, after?.outputMax]).toEqual([before?.parameters, before?.outputMax])
  })

  test('models and providers are turned off, prices set everywhere, names added', () => {
    const snapshot = withFile('providers: { groq: { enabled: false } }\nmodels:\n  openai/gpt-4o: { enabled: false }\n  anthropic/claude-sonnet-4-5: { price: { input: "9", output: "9" } }\naliases: { sonnet: anthropic/claude-sonnet-4-5 }\n')
    expect(snapshot.providers.get('groq')?.notReady).toBe('turned off')
    expect(snapshot.models.has('openai/gpt-4o')).toBe(false)
    expect(new Set(snapshot.models.get('anthropic/claude-sonnet-4.5')?.endpoints.map((one) => one.price.prompt))).toEqual(new Set([9_000_000_000n]))
    expect(snapshot.aliases.get('sonnet')).toBe('anthropic/claude-sonnet-4.5')
  })

  test('it wins over what was discovered', () => {
    const discovered = [{ slug: 'ollama', name: 'Ollama', baseUrl: 'http://127.0.0.1:11434/v1', dialect: 'openai-chat' as const, models: [{ id: 'ollama/llama3.2:3b', price: { state: 'free' as const, prompt: 0n, completion: 0n } }] }]
    const snapshot = buildSnapshot({ env: {}, version: 1, discovered, operator: { ...EMPTY_OPERATOR_FILE, providers: [{ slug: 'ollama', enabled: false }] } })
    expect(snapshot.providers.get('ollama')).toMatchObject({ name: 'Ollama', notReady: 'turned off' })
    expect(snapshot.models.get('ollama/llama3.2:3b')?.endpoints[0]?.price.state).toBe('free')
  })

  test('unpriced calls are refused unless it allows them', () => {
    expect([plain.unpricedAllowed, withFile('unpriced: allow').unpricedAllowed]).toEqual([false, true])
  })
})

test('a snapshot does not change', () => {
  const model = plain.models.get('openai/gpt-4o-mini')
  expect([Object.isFrozen(plain), Object.isFrozen(model), Object.isFrozen(model?.endpoints[0]), Object.isFrozen(model?.endpoints[0]?.provider), Object.isFrozen(model?.endpoints[0]?.price)]).toEqual([true, true, true, true, true])
})
