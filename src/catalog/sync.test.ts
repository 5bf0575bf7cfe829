import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../core/json.ts'
import { readFeedApi } from './feed/feed.ts'
import { catalogueRows, type EndpointRow, type ModelRow } from './rows.ts'
import { buildSnapshot } from './snapshot.ts'
import { acceptDifference, compareFeed, fetchFeed, FEED_URL, loadOverlay, writeOverlay } from './sync.ts'

const SAID = { source: FEED_URL, fetchedAt: '2026-07-02T00:00:00Z' }

/** Our own data in the words of the public feed: what a sync gets on the day that nothing changed. */
function ownFeed(): Record<string, { name: string; env: string[]; api: string; models: Record<string, JsonObject> }> {
  const { models, providers } = catalogueRows()
  const feed = Object.fromEntries(providers.map((row) => [row.slug, { name: row.name, env: [...row.env], api: row.url, models: {} as Record<string, JsonObject> }]))
  for (const model of models) for (const row of model.endpoints) if (feed[row.provider]) Object.assign(feed[row.provider]?.models ?? {}, { [row.upstream]: offering(model, row) })
  return feed
}

function offering(model: ModelRow, row: EndpointRow): JsonObject {
  const can = (row.can ?? model.can ?? '').split(' ')
  const names = (text: string | undefined) => (text ?? 'text').split(' ').map((name) => (name === 'file' ? 'pdf' : name))
  const numbers = Object.fromEntries(Object.entries(typeof row.price === 'object' ? row.price : {}).flatMap(([key, value]) => (typeof value === 'string' && key !== 'cache_write_1h' ? [[key, Number(value)]] : [])))
  const tiers = typeof row.price === 'object' ? row.price.tiers?.map(({ over, ...tier }) => ({ ...Object.fromEntries(Object.entries(tier).map(([key, value]) => [key, Number(value)])), tier: { size: over } })) : undefined
  return {
    name: model.name, tool_call: can.includes('tools'), structured_output: can.includes('structured'), temperature: can.includes('temperature'), reasoning: can.includes('reasoning'),
    modalities: { input: names(row.inputs ?? model.inputs), output: names(row.outputs ?? model.outputs) },
    limit: { ...((row.context ?? model.context) !== undefined && { context: row.context ?? model.context }), ...((row.output ?? model.output) !== undefined && { output: row.output ?? model.output }) },
    ...(row.price === 'free' ? { cost: { input: 0, output: 0 } } : row.price && { cost: { ...numbers, ...(tiers && { tiers }) } }),
  }
}

describe('compareFeed', () => {
  test('finds what changed and nothing else', () => {
    const feed = ownFeed()
    const openai = feed['openai']?.models
    const mini = openai?.['gpt-4o-mini']
    if (!openai || !mini) throw new Error('the catalogue has gpt-4o-mini at openai')
    openai['gpt-4o-mini'] = { ...mini, cost: { input: 0.2, output: 0.6, cache_read: 0.075 }, limit: { context: 256_000, output: 16_384 } }
    openai['gpt-9'] = { ...mini, name: 'GPT-9', cost: { input: 7, output: 8 } }
    delete openai['gpt-4o']
    const quiet = compareFeed(readFeedApi(ownFeed()))
    const difference = compareFeed(readFeedApi(feed))
    const isNew = (key: 'prices' | 'limits' | 'gone') => {
      const before = new Set(quiet[key].map((one) => `${one.provider} ${one.upstream}`))
      return [...difference[key]].filter((one) => !before.has(`${one.provider} ${one.upstream}`))
    }
    expect(isNew('prices')).toMatchObject([{ model: 'openai/gpt-4o-mini', provider: 'openai', from: { input: '0.15' }, to: { input: '0.2', output: '0.6', cache_read: '0.075' } }])
    expect(isNew('limits')).toEqual([{ model: 'openai/gpt-4o-mini', provider: 'openai', upstream: 'gpt-4o-mini', context: { from: 128_000, to: 256_000 } }])
    expect(isNew('gone')).toEqual([{ model: 'openai/gpt-4o', provider: 'openai', upstream: 'gpt-4o' }])
    expect(quiet.gone).toEqual([])
    expect(difference.added.find((row) => row.id === 'openai/gpt-9')?.endpoints).toEqual([{ provider: 'openai', upstream: 'gpt-9', price: { input: '7', output: '8' } }])
  })

  test('a new price of a new provider’s is left alone: we do not know how to call it', () => {
    const difference = compareFeed(readFeedApi({ newcomer: { name: 'New', env: ['N'], api: 'https://n.test/v1', models: { 'gpt-4o-mini': { cost: { input: 1, output: 1 }, limit: { context: 1000 }, modalities: { input: ['text'], output: ['text'] } } } } }))
    expect(difference.added).toEqual([])
  })
})

describe('acceptDifference', () => {
  const price = { provider: 'openai', upstream: 'gpt-4o-mini', model: 'openai/gpt-4o-mini', from: { input: '0.15', output: '0.6' }, to: { input: '0.2', output: '0.6' } } as const
  const limit = { provider: 'openai', upstream: 'gpt-4o-mini', model: 'openai/gpt-4o-mini', context: { from: 128_000, to: 256_000 } } as const
  const gone = { provider: 'openai', upstream: 'gpt-4o', model: 'openai/gpt-4o' }
  const added = { id: 'openai/gpt-9', name: 'GPT-9', endpoints: [{ provider: 'openai', upstream: 'gpt-9', price: { input: '7', output: '8' } }] }
  const difference = { added: [added], gone: [gone], prices: [price], limits: [limit] }
  const mini = (overlay: Parameters<typeof buildSnapshot>[0]['overlay']) => {
    const snapshot = buildSnapshot({ env: {}, version: 1, ...(overlay && { overlay }) })
    return { snapshot, endpoint: snapshot.models.get('openai/gpt-4o-mini')?.endpoints.find((one) => one.tag === 'openai') }
  }

  test('a price changes only where somebody said yes', () => {
    const refused = mini(acceptDifference(difference, { ...SAID, acceptPrice: () => false }))
    expect([refused.endpoint?.price.prompt, refused.endpoint?.contextMax]).toEqual([150_000_000n, 256_000])
    expect(mini(acceptDifference(difference, { ...SAID, acceptPrice: () => true })).endpoint?.price.prompt).toBe(200_000_000n)
  })

  test('new models are there, gone ones are marked', () => {
    const { snapshot } = mini(acceptDifference(difference, { ...SAID, acceptPrice: () => false }))
    expect(snapshot.models.get('openai/gpt-9')?.endpoints[0]?.price.prompt).toBe(7_000_000_000n)
    expect(snapshot.models.get('openai/gpt-4o')?.endpoints.find((one) => one.tag === 'openai')?.deprecated).toBe(true)
  })

  test('a later sync keeps what earlier ones took over, and can change it', () => {
    const before = acceptDifference(difference, { ...SAID, acceptPrice: () => true })
    const later = acceptDifference({ added: [], gone: [], limits: [], prices: [{ provider: 'openai', upstream: 'gpt-9', model: 'openai/gpt-9', from: { input: '7', output: '8' }, to: 'unpriced' }] }, { ...SAID, acceptPrice: () => true, before })
    const { snapshot, endpoint } = mini(later)
    expect(endpoint?.price.prompt).toBe(200_000_000n)
    expect(snapshot.models.get('openai/gpt-9')?.endpoints[0]?.price.state).toBe('unpriced')
  })
})

describe('fetchFeed', () => {
  const answer = (body: string, status = 200) => async () => new Response(body, { status })

  test('reads the feed, from the address it is told', async () => {
    const asked: string[] = []
    const feed = await fetchFeed(async (url) => { asked.push(url); return new Response(JSON.stringify(ownFeed())) }, 'http://feed.test/api.json')
    expect(asked).toEqual(['http://feed.test/api.json'])
    expect(feed.providers.length).toBeGreaterThan(60)
  })

  test.each([['<html>', 200, 'is not JSON'], ['{}', 200, 'that is not the feed'], ['{"a":{"models":{}}}', 200, 'that is not the feed'], ['', 503, 'answered 503']])('%j with %d: %s', async (body, status, message) => {
    await expect(fetchFeed(answer(body, status))).rejects.toThrow(message)
  })
})

test('the overlay is written whole and read again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sync-'))
  const path = join(folder, 'data', 'catalogue.json')
  expect(loadOverlay(path)).toBeUndefined()
  const overlay = { format: 1 as const, ...SAID, changed: [], added: [], gone: [] }
  writeOverlay(path, overlay)
  expect(loadOverlay(path)).toEqual(overlay)
  expect(readdirSync(join(folder, 'data'))).toEqual(['catalogue.json'])
  rmSync(folder, { recursive: true })
})
