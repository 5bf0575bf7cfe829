import { describe, expect, test } from 'bun:test'
import { parseOperatorFile } from './operator.ts'
import { sayOperatorError, type OperatorFile } from './operator-file.ts'

const ENV = { ACME_API_KEY: 'sk-acme', HOST: '10.0.0.7' }
const parse = (text: string, env: Record<string, string> = ENV) => parseOperatorFile(text, { file: 'switchyard.yaml', env, isBuiltIn: (slug) => ['anthropic', 'openai', 'google'].includes(slug) })

function right(text: string): OperatorFile {
  const result = parse(text)
  if (!result.ok) throw new Error(result.errors.map(sayOperatorError).join('\n'))
  return result.file
}

function wrong(text: string): string[] {
  const result = parse(text)
  return result.ok ? [] : result.errors.map(sayOperatorError)
}

describe('what is right', () => {
  test('the example of the docs', () => {
    const file = right(`
providers:
  anthropic: { base_url: http://127.0.0.1:9101, api_key: sk-test }
  acme:
    dialect: openai-chat
    base_url: http://127.0.0.1:9102/v1
    api_key: \${ACME_API_KEY}
    models:
      - { id: acme/tiny, upstream_id: tiny-1, context: 128000, max_output: 8192, price: { input: "0.10", output: "0.40" } }
`)
    expect(file.providers[0]).toEqual({ slug: 'anthropic', baseUrl: 'http://127.0.0.1:9101', apiKey: 'sk-test' })
    expect(file.providers[1]).toEqual({
      slug: 'acme', dialect: 'openai-chat', baseUrl: 'http://127.0.0.1:9102/v1', apiKey: 'sk-acme',
      models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', contextMax: 128_000, outputMax: 8192, price: { state: 'priced', prompt: 100_000_000n, completion: 400_000_000n } }],
    })
    expect(file.unpriced).toBe('refuse')
  })

  test('an OCR engine: Mistral by its key, another by its address', () => {
    const mistral = { baseUrl: 'https://api.mistral.ai/v1', model: 'mistral-ocr-latest', apiKey: 'sk-acme' }
    expect(right('pdf: { ocr: { api_key: "${ACME_API_KEY}" } }').ocr).toEqual(mistral)
    expect(right('pdf: { ocr: { base_url: "http://${HOST}/v1", model: own } }').ocr).toEqual({ baseUrl: 'http://10.0.0.7/v1', model: 'own' })
    expect(right('pdf: {}').ocr).toBeUndefined()
    expect(wrong('pdf: { ocr: { model: m } }')).toEqual([expect.stringContaining("pdf.ocr: needs an api_key of Mistral's, or the base_url")])
    expect(wrong('pdf: { ocr: { base_url: x, key: y } }')).toHaveLength(2)
  })

  test('an empty file, one of comments, and keys without a value', () => {
    for (const text of ['', '# nothing yet\n', 'providers:\nmodels:\n', '---\n']) expect(right(text).providers).toEqual([])
  })

  test('a number keeps the decimals that were written', () => {
    const [provider] = right('providers: { openai: { models: [ { id: a/b, price: { input: 0.075, output: 0.30, request: 0.000001 } } ] } }').providers
    expect(provider?.models?.[0]?.price).toEqual({ state: 'priced', prompt: 75_000_000n, completion: 300_000_000n, request: 1_000n })
  })

  test('free, tiers, capabilities', () => {
    const [provider] = right(`
providers:
  openai:
    models:
      - { id: a/free, price: free }
      - id: a/big
        price: { input: "1", output: "2", cache_read: "0.1", tiers: [ { over: 200_000, input: "2" } ] }
        inputs: [text, image]
        parameters: [tools, temperature]
        reasoning: { efforts: [low, high], budget: true }
        quantization: fp8
`).providers
    expect(provider?.models?.[0]?.price?.state).toBe('free')
    expect(provider?.models?.[1]).toMatchObject({
      inputs: ['text', 'image'], parameters: ['tools', 'temperature'], quantization: 'fp8', reasoning: { efforts: ['low', 'high'], budget: true, mandatory: false },
      price: { cacheRead: 100_000_000n, overrides: [{ promptTokensOver: 200_000, prompt: 2_000_000_000n }] },
    })
  })

  test('aliases of providers, switches, headers, timeouts, models, aliases and the server', () => {
    const file = right(`
unpriced: allow
providers:
  google-ai-studio: { enabled: false }
  acme: { base_url: "http://\${HOST}:1/v1", headers: { X-Team: red }, quirks: [no_seed], timeouts: { idle_ms_max: 1000 }, retains_prompts: false, may_train: false, body_bytes_max: 1000 }
models:
  OpenAI/GPT-4o: { enabled: false }
  a/b: { price: { input: "1", output: "2" }, name: B, context: 10, max_output: 5 }
aliases: { fast: a/b }
server: { port: 9000, data: /var/lib/switchyard, journal: { fsync: always }, initial_credits: "12.50" }
limits: { body_bytes_max: 1048576 }
`)
    expect(file.providers.map((provider) => provider.slug)).toEqual(['google', 'acme'])
    expect(file.providers[1]).toMatchObject({ baseUrl: 'http://10.0.0.7:1/v1', headers: { 'x-team': 'red' }, timeouts: { idleMsMax: 1000 }, retainsPrompts: false, mayTrain: false })
    expect(file.models.get('openai/gpt-4o')).toEqual({ enabled: false })
    expect([file.unpriced, file.aliases.get('fast')?.arms]).toEqual(['allow', [{ id: 'a/b', percent: 100 }]])
    expect(file.server).toEqual({ port: 9000, data: '/var/lib/switchyard', journalFsync: 'always', initialCredits: 12_500_000_000n, bodyBytesMax: 1_048_576 })
  })

  test('anchors and aliases of YAML', () => {
    const file = right('providers:\n  openai: &o { headers: { a: b } }\n  google: *o\n')
    expect(file.providers[1]?.headers).toEqual({ a: 'b' })
  })
})

describe('what is wrong says file, line, column, path and what to change', () => {
  test.each([
    ['providers:\n  openai:\n    baseurl: http://x\n', 'switchyard.yaml:3:5: providers.openai.baseurl: unknown key: did you mean base_url?'],
    ['provider: {}\n', 'switchyard.yaml:1:1: provider: unknown key: did you mean providers?'],
    ['providers:\n  acme:\n    dialect: openai-chat\n', 'switchyard.yaml:2:3: providers.acme: is not in the catalogue, so it needs a base_url'],
    ['providers:\n  openai: { api_key: "${NO_SUCH}" }\n', 'switchyard.yaml:2:22: providers.openai.api_key: the environment has no NO_SUCH'],
    ['providers:\n  openai: { dialect: open-ai }\n', 'switchyard.yaml:2:22: providers.openai.dialect: must be one of openai-chat,'],
    ['providers:\n  openai: { base_url: localhost:11434 }\n', 'switchyard.yaml:2:23: providers.openai.base_url: must be an http:// or https:// address'],
    ['providers:\n  openai: { enabled: nope }\n', 'providers.openai.enabled: must be true or false'],
    ['providers:\n  openai:\n    models:\n      - { name: x }\n', 'switchyard.yaml:4:9: providers.openai.models[0]: needs an id'],
    ['providers: { openai: { models: [ { id: tiny } ] } }\n', 'is no model id: write author/slug'],
    ['providers: { openai: { models: [ { id: a/b, price: { input: "1" } } ] } }\n', 'price: needs output'],
    ['providers: { openai: { models: [ { id: a/b, price: { input: "1", output: "-2" } } ] } }\n', 'must be a decimal of USD that is not negative'],
    ['providers: { openai: { models: [ { id: a/b, price: { input: "0.00000015", output: "1" } } ] } }\n', 'is it a price per token? Multiply it by 1,000,000'],
    ['providers: { openai: { models: [ { id: a/b, price: cheap } ] } }\n', 'must be `free`, or a map'],
    ['providers: { openai: { models: [ { id: a/b, context: 1.5 } ] } }\n', 'must be a whole number from 1 to'],
    ['providers: { openai: { models: { id: a/b } } }\n', 'must be a list'],
    ['providers: [openai]\n', 'switchyard.yaml:1:12: providers: must be a map'],
    ['unpriced: maybe\n', 'switchyard.yaml:1:11: unpriced: must be one of allow, refuse'],
    ['providers: { demo: { enabled: false } }\n', 'the demo provider is inside Switchyard'],
    ['providers:\n  google: {}\n  google-ai-studio: {}\n', 'switchyard.yaml:3:3: providers.google-ai-studio: is said twice'],
    ['providers:\n  openai: {}\n  openai: {}\n', 'switchyard.yaml:3:3: Map keys must be unique'],
    ['providers: {\n', 'switchyard.yaml:2:1: '],
    ['server: { port: 99999 }\n', 'server.port: must be a whole number from 0 to 65535'],
  ])('%j', (text, message) => {
    expect(wrong(text).join('\n')).toContain(message)
  })

  test('all at once, in the order of the file', () => {
    const errors = wrong('unpriced: maybe\nproviders:\n  openai: { speed: 1 }\n  acme: { base_url: x }\nserver: { port: a }\n')
    expect(errors.map((error) => error.split(':')[1])).toEqual(['1', '3', '4', '5'])
  })

  test('no secret is shown', () => {
    const errors = wrong('providers: { openai: { api_key: "sk-very secret" } }\n')
    expect(errors).toHaveLength(1)
    expect(errors.join()).not.toContain('very')
  })

  test('a loop of YAML aliases and a bomb of them end', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at]},`.repeat(9)}]`)].join('\n')
    expect(wrong(bomb).length).toBeGreaterThan(0)
    expect(wrong('providers: &p { openai: *p }\n').length).toBeGreaterThan(0)
  })
})

describe('names of models', () => {
  const models = { has: (id: string) => id === 'openai/gpt-4o' || id === 'openai/gpt-4o-2024-08-06', isId: (id: string) => id === 'openai/gpt-4o', nearest: () => ['openai/gpt-4o'] }
  const named = (text: string) => {
    const result = parseOperatorFile(text, { file: 'f', env: ENV, isBuiltIn: () => false, models })
    return result.ok ? [...result.file.models.keys(), ...[...result.file.aliases].flatMap(([name, { arms }]) => [name, ...arms.map(({ id }) => id)])] : result.errors.map(sayOperatorError)
  }

  test('of the catalogue by any name, of the file, and of servers found later', () => {
    expect(named('models: { OpenAI/GPT-4o: { name: x }, openai/gpt-4o-2024-08-06: { enabled: false }, ollama/llama3: { enabled: false } }')).toEqual(['openai/gpt-4o', 'openai/gpt-4o-2024-08-06', 'ollama/llama3'])
    expect(named('providers: { acme: { base_url: "http://a/v1", models: [ { id: Acme/Tiny } ] } }\naliases: { Fast: acme/tiny, openai/gpt-4o-2024-08-06: openai/gpt-4o }')).toEqual(['fast', 'acme/tiny', 'openai/gpt-4o-2024-08-06', 'openai/gpt-4o'])
  })

  test('that are none are wrong, with the nearest', () => {
    expect(named('models:\n  nope/zz: { price: free }')).toEqual(['f:2:3: models.nope/zz: there is no model nope/zz: did you mean openai/gpt-4o?; a new one is said under providers.<name>.models'])
    expect(named('aliases:\n  fast: nope/none')).toEqual(['f:2:9: aliases.fast: there is no model nope/none: did you mean openai/gpt-4o?; a new one is said under providers.<name>.models'])
    expect(named('providers: { acme: { base_url: "http://a/v1", models: [ { id: acme/tiny } ] } }\nmodels: { acme/tyny: { price: free } }')[0]).toContain('did you mean acme/tiny or openai/gpt-4o?')
  })

  test('C60: with the day of their end', () => {
    const read = (date: string) => parseOperatorFile(`models: { openai/gpt-4o: { deprecation_date: ${date} } }`, { file: 'f', env: ENV, isBuiltIn: () => false, models })
    for (const date of ['2027-03-31', '2027-03-31T18:00:00Z', '2027-03-31T18:00:00+02:00']) {
      const result = read(date)
      expect(result.ok && result.file.models.get('openai/gpt-4o')?.expirationDate).toBe(date)
    }
    for (const date of ['soon', '2027', '2027-13-01', '31.3.2027']) expect(read(date)).toMatchObject({ ok: false, errors: [{ message: expect.stringContaining('must be a day (2026-12-31') }] })
  })

  test('that would hide an alias', () => {
    expect(named('aliases: { openai/gpt-4o: openai/gpt-4o-2024-08-06 }')).toEqual(['f:1:12: aliases.openai/gpt-4o: is the id of a model already: take another name'])
  })
})
