import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/core/json.ts'
import { startGateway, type Gateway } from '../server.ts'
import { saysGemini } from './says-gemini.ts'
import { startScripted, type ScriptedProvider } from './scripted.ts'
import { PDF, PNG } from './stage.ts'

let gateway: Gateway
let closed: Gateway
let off: Gateway
let provider: ScriptedProvider
let pictures: ReturnType<typeof Bun.serve>
let asked: string[] = []

beforeAll(async () => {
  pictures = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch(request) {
    const { pathname } = new URL(request.url)
    asked.push(pathname)
    if (pathname === '/a.png') return new Response(Buffer.from(PNG, 'base64'), { headers: { 'content-type': 'application/octet-stream' } })
    return pathname === '/a.pdf' ? new Response(Buffer.from(PDF, 'base64')) : new Response('no', { status: 404 })
  } })
  provider = await startScripted(saysGemini)
  const config = `providers:\n  google: { base_url: ${provider.url}, api_key: sk-test }\n`
  ;[gateway, closed, off] = await Promise.all([startGateway({ config: `${config}egress: { allow_private: true }\n` }), startGateway({ config }), startGateway({ config: `${config}egress: { enabled: false }\n` })])
})
afterAll(async () => {
  await Promise.all([gateway.stop(), closed.stop(), off.stop(), provider.stop(), pictures.stop(true)])
})
beforeEach(() => {
  asked = []
  provider.play({ text: 'A picture.' })
})

const at = (path: string) => `http://127.0.0.1:${pictures.port}${path}`
const image = (path: string) => ({ type: 'image_url', image_url: { url: at(path) } })
const chat = (...content: JsonObject[]) => ({ model: 'google/gemini-2.5-flash', messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...content] }] })
const faultOf = async (response: Response) => ({ status: response.status, error: (await response.json() as { error: { message: string; metadata: JsonObject } }).error })

describe('links in content, to a provider that follows none', () => {
  test('are told as what they lead to, each fetched once', async () => {
    const answer = await gateway.api('/chat/completions', chat(image('/a.png'), { type: 'file', file: { filename: 'a.pdf', file_data: at('/a.pdf') } }, image('/a.png')))
    expect(answer.status).toBe(200)
    expect(provider.first().body['contents']).toEqual([{ role: 'user', parts: [
      { text: 'What is it?' }, { inlineData: { mimeType: 'image/png', data: PNG } }, { inlineData: { mimeType: 'application/pdf', data: PDF } }, { inlineData: { mimeType: 'image/png', data: PNG } },
    ] }])
    expect(asked.toSorted()).toEqual(['/a.pdf', '/a.png'])
  })

  test('that the provider knows are left to it', async () => {
    const url = 'https://generativelanguage.googleapis.com/v1beta/files/abc'
    expect((await gateway.api('/chat/completions', chat({ type: 'file', file: { filename: 'a.pdf', file_data: url } }))).status).toBe(200)
    expect(JSON.stringify(provider.first().body['contents'])).toContain(url)
  })

  test('that lead to nothing are an error of the request, which names the field; the provider hears nothing', async () => {
    const { status, error } = await faultOf(await gateway.api('/chat/completions', chat(image('/missing.png'))))
    expect(status).toBe(400)
    expect(error.metadata).toMatchObject({ error_type: 'image_download_failed', field: 'messages[0].content[1].image_url.url' })
    expect(provider.seen()).toEqual([])
  })

  test('to private addresses are refused unless the operator allows them; nobody is asked', async () => {
    const { status, error } = await faultOf(await closed.api('/chat/completions', chat(image('/a.png'))))
    expect(status).toBe(400)
    expect(error.metadata['error_type']).toBe('image_download_failed')
    expect([asked, provider.seen()]).toEqual([[], []])
  })

  test('are told as they are where the operator has turned fetching off', async () => {
    expect((await off.api('/chat/completions', chat(image('/a.png')))).status).toBe(200)
    expect(JSON.stringify(provider.first().body['contents'])).toContain(at('/a.png'))
    expect(asked).toEqual([])
  })
})
