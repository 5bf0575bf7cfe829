import { describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { textModelCount } from '../../catalog/count.ts'
import { ask, endpoint, fakeServices, keyRecord, model, PRICE, provider, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { describeShared, hasShared } from '../../../test/shared.ts'
import { isObject } from '../../core/json.ts'

const DAY = 86_400
const acme = provider('acme', { name: 'Acme', retainsPrompts: false })
const other = provider('other', { name: 'Other Inc.', notReady: 'no credential' })
const vertex = provider('google-vertex', { name: 'Google', notReady: 'no credential' })

const catalogue = snapshot([
  model('acme/tiny', [
    endpoint('acme/tiny', other, { price: { ...PRICE, prompt: 1n, completion: 1n } }),
    endpoint('acme/tiny', acme, { price: { state: 'priced', prompt: 150_000_000n, completion: 600_000_000n, cacheRead: 75_000_000n, overrides: [{ promptTokensOver: 200_000, prompt: 300_000_000n }] } }),
  ], { name: 'Acme: Tiny', created: 1_750_000_000 - 10 * DAY }),
  model('acme/seer', [endpoint('acme/seer', acme, {
    contextMax: 1_000_000, parameters: null, reasoning: { efforts: ['high', 'low'], budget: true, mandatory: false },
  })], { inputs: ['text', 'image'], tokenizer: 'Llama4', created: 1_750_000_000 - 100 * DAY, huggingFaceId: 'acme/seer', instructType: 'chatml', knowledgeCutoff: '2025-01-01' }),
  model('zoo/painter', [endpoint('zoo/painter', other, { outputs: new Set(['image']) })], { outputs: ['image'], tokenizer: 'Zoo' }),
  model('zoo/gift:free', [endpoint('zoo/gift:free', acme, { price: { state: 'free', prompt: 0n, completion: 0n } })]),
  model('zoo/riddle', [endpoint('zoo/riddle', vertex, { tag: 'google-vertex/europe-west4', price: { state: 'unpriced', prompt: 0n, completion: 0n } })]),
], { 'acme/tiny-latest': 'acme/tiny' })

const services = fakeServices(catalogue)
services.statsOf.set('acme/seer@acme', { latency30m: { p50: 100, p75: 1, p90: 1, p99: 1 }, throughput30m: { p50: 50, p75: 1, p90: 1, p99: 1 } })
services.statsOf.set('zoo/gift:free@acme', { latency30m: { p50: 300, p75: 1, p90: 1, p99: 1 }, throughput30m: { p50: 90, p75: 1, p90: 1, p99: 1 } })

const get = (path: string, as = keyRecord()): Promise<Answer> => ask(services, 'GET', path, { as })

function rows(answer: Answer): Record<string, unknown>[] {
  const data = isObject(answer.body) ? answer.body['data'] : undefined
  return Array.isArray(data) ? data.filter(isObject) : []
}

const ids = async (query: string): Promise<unknown[]> => rows(await get(`/models${query}`)).map((row) => row['id'])

const TEXT = ['acme/tiny', 'acme/seer', 'zoo/gift:free', 'zoo/riddle']
/** After the models, in whatever order those are: `router-row.test.ts`. */
const ROUTERS = ['openrouter/auto', 'openrouter/auto-beta', 'openrouter/free', 'openrouter/bodybuilder']

describe('GET /models', () => {
  test('lists what writes text, in the catalogue\'s order, whole', async () => {
    const answer = await get('/models')
    expect(answer).toMatchObject({ status: 200, type: 'application/json', body: { total_count: 8, links: { next: null } } })
    expect(rows(answer).map((row) => row['id'])).toEqual([...TEXT, ...ROUTERS])
    expect((await get('/models')).text).toBe(answer.text)
  })

  test('one row in full: the price of the cheapest endpoint that can be called, exact', async () => {
    expect(rows(await get('/models?q=tiny'))).toEqual([{
      id: 'acme/tiny', canonical_slug: 'acme/tiny-20250101', hugging_face_id: null, name: 'Acme: Tiny', created: 1_750_000_000 - 10 * DAY, description: 'About acme/tiny.',
      context_length: 100_000,
      architecture: { modality: 'text->text', input_modalities: ['text'], output_modalities: ['text'], tokenizer: 'GPT', instruct_type: null },
      pricing: { prompt: '0.00000015', completion: '0.0000006', input_cache_read: '0.000000075', overrides: [{ min_prompt_tokens: 200_000, prompt: '0.0000003' }] },
      top_provider: { context_length: 100_000, max_completion_tokens: 8_000, is_moderated: false },
      per_request_limits: null, supported_parameters: ['temperature', 'max_tokens', 'tools'], default_parameters: null, supported_voices: null,
      knowledge_cutoff: null, expiration_date: null, links: { details: '/api/v1/models/acme/tiny/endpoints' },
    }])
  })

  test('free is "0", a price that nobody knows is not', async () => {
    const prices = rows(await get('/models?model_authors=zoo')).map((row) => row['pricing'])
    expect(prices).toEqual([{ prompt: '0', completion: '0' }, { prompt: '-1', completion: '-1' }])
  })

  test('an endpoint that takes everything shows all parameters; reasoning and unknown tokenizers in the contract\'s words', async () => {
    const [seer] = rows(await get('/models?q=seer'))
    expect(seer?.['supported_parameters']).toHaveLength(26)
    expect(seer?.['reasoning']).toEqual({ mandatory: false, supported_efforts: ['low', 'high'], supports_max_tokens: true })
    expect(rows(await get('/models?output_modalities=image'))[0]?.['architecture']).toMatchObject({ tokenizer: 'Other', modality: 'text->image' })
  })

  test('pages only when asked', async () => {
    expect((await get('/models?limit=2')).body).toMatchObject({ total_count: 8, links: { next: '/api/v1/models?limit=2&offset=2' } })
    expect(await ids('?limit=2&offset=2')).toEqual(['zoo/gift:free', 'zoo/riddle'])
    expect((await get('/models?offset=3&q=zoo')).body).toMatchObject({ total_count: 2, data: [], links: { next: null } })
    expect(await ids('?offset=1')).toEqual([...TEXT.slice(1), ...ROUTERS])
  })

  const FILTERS: readonly (readonly [query: string, ids: readonly string[]])[] = [
    ['output_modalities=all', ['acme/tiny', 'acme/seer', 'zoo/painter', 'zoo/gift:free', 'zoo/riddle']],
    ['output_modalities=image,text', ['acme/tiny', 'acme/seer', 'zoo/painter', 'zoo/gift:free', 'zoo/riddle']],
    ['output_modalities=embeddings', []],
    ['input_modalities=text,image', ['acme/seer']],
    ['input_modalities=text&input_modalities=image', ['acme/seer']],
    ['supported_parameters=tools', TEXT],
    ['supported_parameters=tools,seed', ['acme/seer']],
    ['q=TINY%20acme', ['acme/tiny']],
    ['context=100001', ['acme/seer']],
    ['max_price=0', ['zoo/gift:free']],
    ['min_price=0.15&max_price=0.15', ['acme/tiny']],
    ['min_price=0.150000001', ['acme/seer']],
    ['max_output_price=0.6', ['acme/tiny', 'zoo/gift:free']],
    ['min_output_price=0.7', ['acme/seer']],
    ['arch=llama', ['acme/seer']],
    ['model_authors=zoo,nobody', ['zoo/gift:free', 'zoo/riddle']],
    ['providers=Other%20Inc.', ['acme/tiny']],
    ['providers=google-vertex', ['zoo/riddle']],
    ['zdr=true', ['acme/tiny', 'acme/seer', 'zoo/gift:free']],
    ['region=eu', ['zoo/riddle']],
    ['region=us', []],
    ['min_age_days=50&max_age_days=100', ['acme/seer']],
    ['max_age_days=10', ['acme/tiny']],
    ['distillable=true', []],
    ['distillable=false', TEXT],
    ['category=programming', []],
    ['min_coding_index=1', []],
    ['max_tool_success_rate=1', []],
    ['sort=newest', ['acme/tiny', 'acme/seer', 'zoo/gift:free', 'zoo/riddle']],
    ['sort=context-high-to-low', ['acme/seer', 'acme/tiny', 'zoo/gift:free', 'zoo/riddle']],
    ['sort=pricing-low-to-high', ['zoo/gift:free', 'acme/tiny', 'acme/seer', 'zoo/riddle']],
    ['sort=pricing-high-to-low', ['acme/seer', 'acme/tiny', 'zoo/gift:free', 'zoo/riddle']],
    ['sort=throughput-high-to-low', ['zoo/gift:free', 'acme/seer', 'acme/tiny', 'zoo/riddle']],
    ['sort=latency-low-to-high', ['acme/seer', 'zoo/gift:free', 'acme/tiny', 'zoo/riddle']],
    ['sort=most-popular', TEXT],
    ['sort=design-arena-elo-high-to-low', TEXT],
    ['client_version=0.1&offset=', TEXT],
  ]
  for (const [query, expected] of FILTERS) test(query, async () => { expect((await ids(`?${query}`)).filter((id) => !ROUTERS.includes(String(id)))).toEqual([...expected]) })

  test('400 names the parameter and what it must be', async () => {
    const wrong: Readonly<Record<string, string>> = {
      offset: '-1', limit: '0', category: 'cooking', supported_parameters: 'tools,tols', output_modalities: 'smell', input_modalities: 'text,smell', sort: 'cheapest',
      use_rss: 'maybe', context: '1.5', min_price: 'cheap', max_price: '-1', min_output_price: '1e-10', max_output_price: 'NaN', distillable: 'yes', zdr: 'false', region: 'mars',
      min_age_days: 'x', max_age_days: '1e3', min_intelligence_index: '-3', max_tool_success_rate: '1.1', q: 'x'.repeat(1001), providers: ',',
    }
    for (const [name, value] of Object.entries(wrong)) {
      const { status, text, fault } = await get(`/models?${name}=${value}`)
      expect([name, status, fault?.options.metadata]).toEqual([name, 400, { field: name }])
      expect(text).toStartWith(`The query parameter \`${name}\` must be `)
    }
    expect((await get('/models?limit=1001')).text).toBe('The query parameter `limit` must be a whole number from 1 to 1000, not "1001".')
    expect((await get('/models?limit=1&limit=2')).text).toContain('is given 2 times')
  })

  test('RSS: newest first, escaped, links to the record or to a chat', async () => {
    const answer = await ask(fakeServices(snapshot([model('a/old', [], { created: 1 }), model('a/new', [], { name: 'R&D <b>"x"</b>\u0000', created: 2 })])), 'GET', '/models?use_rss=true')
    expect(answer).toMatchObject({ status: 200, type: 'application/rss+xml; charset=utf-8' })
    expect(answer.text.indexOf('R&amp;D &lt;b&gt;&quot;x&quot;&lt;/b&gt;</title>')).toBeGreaterThan(0)
    expect(answer.text.indexOf('a/new')).toBeLessThan(answer.text.indexOf('a/old'))
    expect(answer.text).toContain('<link>http://localhost:8787/api/v1/model/a/old</link>')
    expect((await get('/models?use_rss=true&use_rss_chat_links=true')).text).toContain('<link>http://localhost:8787/chat?models=acme%2Ftiny</link>')
  })
})

describe('GET /models/count', () => {
  test('counts what the list lists', async () => {
    expect((await get('/models/count')).body).toEqual({ data: { count: TEXT.length + ROUTERS.length } })
    expect(textModelCount(services.snapshot())).toBe(4)
    expect((await get('/models/count?output_modalities=all')).body).toEqual({ data: { count: TEXT.length + 1 + ROUTERS.length } })
    expect((await get('/models/count?output_modalities=x')).status).toBe(400)
  })
})

describe('GET /models/user', () => {
  test('lists what can be called now', async () => {
    expect((await get('/models/user')).body).toMatchObject({ total_count: 7 })
    expect(rows(await get('/models/user')).map((row) => row['id'])).toEqual(['acme/tiny', 'acme/seer', 'zoo/gift:free', ...ROUTERS])
    const lenient = fakeServices({ ...snapshot([model('a/b', [endpoint('a/b', acme, { price: { state: 'unpriced', prompt: 0n, completion: 0n } })])]), unpricedAllowed: true })
    const strict = fakeServices({ ...lenient.snapshot(), unpricedAllowed: false })
    // The model, and the routers that may choose it.
    expect(rows(await ask(lenient, 'GET', '/models/user', { as: keyRecord() })).map((row) => row['id'])).toEqual(['a/b', 'openrouter/auto', 'openrouter/auto-beta'])
    expect((await ask(strict, 'GET', '/models/user', { as: keyRecord() })).body).toMatchObject({ total_count: 0 })
    expect((await get('/models/user?limit=1')).body).toMatchObject({ total_count: 7, links: { next: '/api/v1/models/user?limit=1&offset=1' } })
  })
})

describe('GET /embeddings/models', () => {
  test('an empty list while the catalogue has none', async () => {
    expect((await get('/embeddings/models')).body).toEqual({ data: [], total_count: 0, links: { next: null } })
    expect((await get('/embeddings/models?limit=0')).status).toBe(400)
  })
})

describe('GET /model/{author}/{slug}', () => {
  test('by id, alias, other case, and with a variant', async () => {
    for (const name of ['acme/tiny', 'acme/tiny-latest', 'Acme/TINY', 'acme/tiny:floor', 'acme/tiny%3Anitro']) expect((await get(`/model/${name}`)).body).toMatchObject({ data: { id: 'acme/tiny' } })
    expect((await get('/model/zoo/gift:free')).body).toMatchObject({ data: { id: 'zoo/gift:free' } })
  })

  test('404 suggests the nearest', async () => {
    const answer = await get('/model/acme/tinny')
    expect(answer).toMatchObject({ status: 404, fault: { code: 'not_found' } })
    expect(answer.text).toContain('There is no model or alias `acme/tinny`. Did you mean `acme/tiny`')
    expect((await get('/model/acme/tiny:free')).status).toBe(404)
  })
})

describeShared('by the document', () => {
  const PATHS = ['/models', '/models?output_modalities=all&limit=2', '/models/count', '/models/user', '/embeddings/models', '/model/acme/seer', '/model/zoo/riddle', '/model/zoo/painter']
  for (const path of hasShared ? PATHS : []) test(`200 of ${path}`, async () => { expect(validateResponse('GET', path, 200, (await get(path)).body)).toEqual([]) })
})
