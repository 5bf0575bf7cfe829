import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory, type CliOptions, type CliRun } from '../../test/cli.ts'
import { asArray, asObject, parseObject, type JsonObject } from '../core/json.ts'

const directory = temporaryDirectory()
const ACME = join(directory, 'acme.yaml')
writeFileSync(ACME, `
providers:
  acme:
    base_url: http://127.0.0.1:9102/v1
    models:
      - { id: acme/tiny, upstream_id: tiny-1, context: 128000, max_output: 8192, price: { input: "0.10", output: "0.40" } }
      - { id: acme/unpriced, upstream_id: u, context: 1000 }
`)
const run = (...argv: string[]): Promise<CliRun> => cli(directory, [...argv, '--config', ACME])

async function rows(argv: string[], options: CliOptions = {}): Promise<JsonObject[]> {
  const { code, out } = await cli(directory, [...argv, '--json', '--config', ACME], options)
  expect(code).toBe(0)
  return (asArray(parseObject(out)?.['data']) ?? []).map((row) => asObject(row) ?? {})
}

const ids = (list: JsonObject[]): unknown[] => list.map((row) => row['id'] ?? row['slug'])

describe('models', () => {
  test('list: search, provider, free, ready', async () => {
    expect(ids(await rows(['models', 'list', '--ready']))).toEqual(['demo/echo', 'demo/writer', 'demo/reasoner', 'demo/priced', 'demo/embedder', 'acme/tiny'])
    expect(ids(await rows(['models', 'list', '--ready', '--free']))).toEqual(['demo/echo', 'demo/writer', 'demo/reasoner', 'demo/embedder'])
    expect(ids(await rows(['models', 'list', '--provider', 'acme', 'TINY']))).toEqual(['acme/tiny'])
    const sonnets = ids(await rows(['models', 'list', 'claude', 'sonnet']))
    expect(sonnets).toContain('anthropic/claude-sonnet-4.5')
    expect(sonnets.every((id) => /claude.*sonnet/.test(String(id)))).toBe(true)
    expect((await rows(['models', 'list'])).length).toBeGreaterThan(341)
    const anthropic = await rows(['models', 'list', '--provider', 'anthropic', '--ready'], { env: { ANTHROPIC_API_KEY: 'sk-ant-x' } })
    expect(ids(anthropic)).toContain('anthropic/claude-sonnet-4.5')
  })

  test('list: a table of prices per million tokens', async () => {
    const { out, err } = await run('models', 'list', '--provider', 'acme')
    expect(out.split('\n').map((line) => line.trimEnd().split(/\s{2,}/))).toEqual([['MODEL', 'INPUT', 'OUTPUT', 'CONTEXT', 'READY'], ['acme/tiny', '$0.10', '$0.40', '128K', '1/1'], ['acme/unpriced', 'unpriced', 'unpriced', '1K', '0/1'], ['']])
    expect(err).toStartWith('2 models of ')
  })

  test('list: aliases of the operator, unless they are hidden', async () => {
    const path = join(directory, 'aliases.yaml')
    writeFileSync(path, 'aliases:\n  fast-chat: 90% openai/gpt-4o, 10% openai/gpt-4o-mini\n  unseen: { to: openai/gpt-4o, hidden: true }\n')
    const { out } = await cli(directory, ['models', 'list', 'fast-chat', '--json', '--config', path])
    expect(parseObject(out)?.['data']).toMatchObject([{ id: 'fast-chat', alias_target: { slug: expect.stringContaining('openai/gpt-4o') } }])
    expect((await cli(directory, ['models', 'list', 'unseen', '--config', path])).out).not.toContain('unseen')
  })

  test('show: endpoints, and why some are not ready', async () => {
    const { out } = await run('models', 'show', 'anthropic/claude-sonnet-4.5')
    expect(out).toMatch(/anthropic +\$3\.00 +\$0\.30 +\$15\.00 .* no credential: set ANTHROPIC_API_KEY/)
    const json = parseObject((await run('models', 'show', 'acme/tiny', '--json')).out)
    expect(json).toMatchObject({ id: 'acme/tiny', ready: true, endpoints: [{ provider: 'acme', upstream_id: 'tiny-1', price_state: 'priced', pricing: { prompt: '0.0000001', completion: '0.0000004' }, ready: true, lacks: null }] })
    expect((await run('models', 'show', 'acme/unpriced')).out).toContain('unpriced: give it a price')
  })

  test('what is not there is answered with the nearest', async () => {
    const model = await run('models', 'show', 'claude-sonet-4.5')
    expect(model.code).toBe(1)
    expect(model.err).toContain('did you mean anthropic/claude-sonnet-4.5')
    expect(await run('models', 'list', '--provider', 'nobody')).toMatchObject({ code: 2, out: '' })
    expect((await run('providers', 'show', 'antropic')).err).toContain('did you mean anthropic?')
  })

  test("a wrong operator's file is told with its lines", async () => {
    const wrong = join(directory, 'wrong.yaml')
    writeFileSync(wrong, 'providers:\n  acme:\n    dialekt: openai-chat\n')
    const { code, err } = await cli(directory, ['models', 'list', '--config', wrong])
    expect(code).toBe(1)
    expect(err).toContain('wrong.yaml:3:')
  })
})

describe('providers', () => {
  test('list: ready ones first, and what the others lack', async () => {
    const list = await rows(['providers'], { env: { GROQ_API_KEY: 'gsk_secret' } })
    expect(list.length).toBeGreaterThanOrEqual(60)
    expect(list.slice(0, 3)).toMatchObject([{ slug: 'acme', ready: true, models: 2 }, { slug: 'demo', ready: true, models: 5 }, { slug: 'groq', ready: true, has_credential: true }])
    expect(list.find((row) => row['slug'] === 'anthropic')).toMatchObject({ ready: false, lacks: 'no credential: set ANTHROPIC_API_KEY', env: ['ANTHROPIC_API_KEY'] })
    expect(JSON.stringify(list)).not.toContain('gsk_secret')
    expect((await run('providers', 'list', '--ready')).out).toMatch(/^PROVIDER +NAME +MODELS +DIALECTS +STATE\nacme .*ready\ndemo .*ready\n$/)
  })

  test('show: its models, never its credential', async () => {
    const { out } = await cli(directory, ['providers', 'show', 'groq'], { env: { GROQ_API_KEY: 'gsk_secret' } })
    expect(out).toMatch(/credential +set \(GROQ_API_KEY\)/)
    expect(out).not.toContain('gsk_secret')
    expect(parseObject((await run('providers', 'show', 'acme', '--json')).out)).toMatchObject({ slug: 'acme', model_ids: ['acme/tiny', 'acme/unpriced'], has_credential: false, ready: true })
  })
})
