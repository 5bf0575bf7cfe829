import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startGateway, type Gateway } from '../server.ts'

const KEY = 'azure-key-0123456789'
const VERSIONS = new Set(['2024-10-21', '2025-01-01-preview'])
const seen: { path: string; body: Record<string, unknown> }[] = []
const REPLY = { id: 'c', object: 'chat.completion', model: 'gpt-5-mini-2025', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop', content_filter_results: {} }], prompt_filter_results: [], usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 } }

/** An Azure that demands what the real one does: its key in `api-key`, a deployment that it has, and at the older addresses a version. */
const azure = Bun.serve({
  port: 0, hostname: '127.0.0.1',
  fetch: async (request) => {
    const url = new URL(request.url)
    if (request.headers.get('api-key') !== KEY) return Response.json({ error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' } }, { status: 401 })
    const body = JSON.parse(await request.text()) as Record<string, unknown>
    const version = url.searchParams.get('api-version')
    const inPath = /^\/openai\/deployments\/([^/]+)\/chat\/completions$/.exec(url.pathname)?.[1]
    const named = inPath !== undefined ? decodeURIComponent(inPath) : (url.pathname === '/openai/v1/chat/completions' ? body['model'] : undefined)
    const isDated = url.pathname.includes('/deployments/')
    if (isDated && version === null) return Response.json({ error: { code: '400', message: 'Missing required query parameter: api-version' } }, { status: 400 })
    if (named === undefined || (isDated && !VERSIONS.has(version ?? ''))) return Response.json({ error: { code: '404', message: 'Resource not found' } }, { status: 404 })
    if (named !== 'my deployment') return Response.json({ error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } }, { status: 404 })
    seen.push({ path: request.url.slice(request.url.indexOf('/', 8)), body })
    return Response.json(REPLY)
  },
})

const url = `http://127.0.0.1:${azure.port}`
const models = (author: string) => `[{ id: ${author}/mini, upstream_id: "my deployment", price: { input: "1", output: "4" } }, { id: ${author}/other, upstream_id: none, price: { input: "1", output: "4" } }]`
const CONFIG = `
providers:
  v1: { base_url: "${url}/openai/v1", auth: api-key, api_key: ${KEY}, models: ${models('v1')} }
  dated: { base_url: "${url}/openai", auth: api-key, api_key: ${KEY}, api_version: "2024-10-21", models: ${models('dated')} }
  dated-v1: { base_url: "${url}/openai/v1", auth: api-key, api_key: ${KEY}, api_version: 2025-01-01-preview, models: ${models('dated-v1')} }
  old: { base_url: "${url}/openai", auth: api-key, api_key: ${KEY}, api_version: "2019-01-01", models: ${models('old')} }
  stranger: { base_url: "${url}/openai/v1", auth: api-key, api_key: another-key, models: ${models('stranger')} }
  azure:
    api_key: '[{"model_slug":"openai/gpt-5-mini","endpoint_url":"${url}/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21","api_key":"${KEY}","model_id":"my deployment"}]'
`

let gateway: Gateway
beforeAll(async () => { gateway = await startGateway({ config: CONFIG }) }, 60_000)
afterAll(async () => {
  await gateway?.stop()
  await azure.stop(true)
})

const chat = (model: string, more: object = {}) => gateway.api('/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }], ...more })

describe('Azure', () => {
  test('takes the name of a deployment as the model, at its address of version 1', async () => {
    expect((await chat('v1/mini')).status).toBe(200)
    expect(seen.at(-1)).toMatchObject({ path: '/openai/v1/chat/completions', body: { model: 'my deployment' } })
  })

  for (const [who, version] of [['dated', '2024-10-21'], ['dated-v1', '2025-01-01-preview']] as const) {
    test(`demands a version where the path names the deployment: ${who}`, async () => {
      expect((await chat(`${who}/mini`)).status).toBe(200)
      expect(seen.at(-1)?.path).toBe(`/openai/deployments/my%20deployment/chat/completions?api-version=${version}`)
    })
  }

  test('refuses a version that it does not know, a deployment that it has not, and another key', async () => {
    expect((await chat('old/mini')).status).toBe(404)
    expect((await chat('dated/other')).status).toBe(404)
    expect((await chat('stranger/mini')).status).toBe(502)
  })

  test('lets a deployment have an address and a key of its own (contract H16), before the resource', async () => {
    const response = await chat('openai/gpt-5-mini', { provider: { only: ['azure'] } })
    expect({ status: response.status, text: await response.text() }).toMatchObject({ status: 200 })
    expect(seen.at(-1)?.path).toBe('/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21')
  })
})
