import { afterAll, describe, expect, test } from 'bun:test'
import { OpenRouter } from '@openrouter/sdk'
import { ask, endpoint, fakeServices, generation, keyRecord, model, provider, snapshot } from './fake-services.ts'

/**
 * The official client against the control plane, its validation on. It is newer than the document: it wants fields of
 * answers that the document does not have, and throws without them.
 */

const services = fakeServices(snapshot([
  model('acme/tiny', [endpoint('acme/tiny', provider('acme'), { reasoning: { budget: true, mandatory: false, efforts: ['high'] } })]),
  model('own/new', [endpoint('own/new', provider('a provider of the operator\'s own'), { parameters: null })], { tokenizer: 'unheard of' }),
]))
const admin = keyRecord({ kind: 'management' })
services.accounts.keys.set(admin.hash, admin)
services.accounts.generations.set(generation().id, generation())
services.statsOf.set('acme/tiny@acme', { uptime5m: 0.99, latency30m: { p50: 1, p75: 2, p90: 3, p99: 4 } })

const server = Bun.serve({
  port: 0,
  async fetch(request) {
    const url = new URL(request.url)
    const body: unknown = request.body ? await request.json() : undefined
    // The client sends objects only.
    const answer = await ask(services, request.method, url.pathname.replace('/api/v1', '') + url.search, { as: admin, body: body as Record<string, unknown> | undefined })
    if (answer.fault) return Response.json({ error: { code: answer.status, message: answer.text } }, { status: answer.status })
    return new Response(answer.text, { status: answer.status, headers: { 'content-type': answer.type } })
  },
})
afterAll(() => server.stop(true))

const client = new OpenRouter({ apiKey: 'sk-sw-v1-test', serverURL: `http://localhost:${server.port}/api/v1`, retryConfig: { strategy: 'none' } })

describe('the official client', () => {
  test('models', async () => {
    const pages = []
    for await (const page of await client.models.list({ limit: 1, sort: 'newest' })) pages.push(page.result.data.map((row) => row.id))
    expect(pages.flat().slice(0, 3)).toEqual(['acme/tiny', 'own/new', 'openrouter/auto'])
    expect((await client.models.count()).data.count).toBe(pages.flat().length)
    expect((await client.models.get({ author: 'acme', slug: 'tiny:nitro' })).data.reasoning?.supportedEfforts).toEqual(['high'])
    expect((await client.endpoints.list({ author: 'acme', slug: 'tiny' })).data.endpoints[0]).toMatchObject({ uptimeLast5m: 99, latencyLast30m: { p50: 1 } })
    expect((await client.endpoints.list({ author: 'own', slug: 'new' })).data.endpoints[0]?.supportsToolChoice.required).toBe(true)
    expect((await client.providers.list()).data).toHaveLength(2)
  })

  test('keys', async () => {
    const made = await client.apiKeys.create({ requestBody: { name: 'n', limit: 3, limitReset: 'daily', expiresAt: new Date('2027-01-01') } })
    expect(made).toMatchObject({ key: expect.stringContaining('sk-sw-v1-'), data: { limit: 3, limitReset: 'daily', expiresAt: new Date('2027-01-01') } })
    const { hash } = made.data
    expect((await client.apiKeys.update({ hash, requestBody: { disabled: true, limit: null } })).data).toMatchObject({ disabled: true, limit: null })
    expect((await client.apiKeys.list({ includeDisabled: true })).data.map((key) => key.hash)).toContain(hash)
    expect((await client.apiKeys.get({ hash })).data.hash).toBe(hash)
    expect((await client.apiKeys.delete({ hash })).deleted).toBe(true)
    await expect(client.apiKeys.delete({ hash })).rejects.toMatchObject({ name: 'NotFoundResponseError' })
    await expect(client.apiKeys.create({ requestBody: { name: '' } })).rejects.toMatchObject({ name: 'BadRequestResponseError' })
  })

  test('account', async () => {
    expect((await client.apiKeys.getCurrentKeyMetadata()).data.isManagementKey).toBe(true)
    expect((await client.credits.getCredits()).data).toEqual({ totalCredits: 0, totalUsage: 0 })
    expect((await client.generations.getGeneration({ id: generation().id })).data.totalCost).toBe(0.0012345)
  })
})
