import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, DialectName } from '../../core/call.ts'
import { asArray, asObject, parseObject, type JsonObject } from '../../core/json.ts'
import { anthropicMessages } from '../../dialects/anthropic-messages/anthropic-messages.ts'
import { bedrockConverse } from '../../dialects/bedrock-converse/bedrock-converse.ts'
import type { ProviderDialect } from '../../dialects/dialect.ts'
import { gemini } from '../../dialects/gemini/gemini.ts'
import { testCall, testEndpoint } from '../../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../../dialects/openai-chat/openai-chat.ts'
import { readCall as readResponses } from '../../dialects/openai-responses/call-read.ts'
import { openaiResponses } from '../../dialects/openai-responses/openai-responses.ts'
import { vertex } from '../../dialects/vertex/vertex.ts'
import { systemClock } from '../../lib/clock.ts'
import { Upstream } from '../upstream.ts'
import { Egress } from './egress.ts'

const MP4 = Buffer.from('AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDE=', 'base64')
const GIF = 'R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
const DIALECTS = new Map<DialectName, ProviderDialect>([['openai-chat', openaiChat], ['openai-responses', openaiResponses], ['anthropic-messages', anthropicMessages], ['gemini', gemini], ['vertex', vertex], ['bedrock-converse', bedrockConverse]])
let server: ReturnType<typeof Bun.serve>
let fetches = 0
let told = ''

/** Gives a picture to whoever GETs; to a POST it is a provider that refuses, once it has been told. */
beforeAll(() => {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    if (request.method === 'POST') {
      told = await request.text()
      return Response.json({ message: 'enough', error: { message: 'enough' } }, { status: 400 })
    }
    fetches++
    const { pathname } = new URL(request.url)
    return pathname === '/a.mp4' ? new Response(MP4) : pathname === '/a.flv' ? new Response('FLV', { headers: { 'content-type': 'video/x-flv' } }) : new Response(Buffer.from(GIF, 'base64'))
  } })
})
afterAll(async () => await server.stop(true))
beforeEach(() => {
  fetches = 0
  told = ''
})

async function tell(dialect: DialectName, upstreamId: string, change: Partial<Call> = {}, quirks: readonly string[] = []): Promise<void> {
  await expect(run(dialect, upstreamId, change, quirks).next()).rejects.toThrow('enough')
  expect(parseObject(told)).toBeDefined()
}

function run(dialect: DialectName, upstreamId: string, change: Partial<Call>, quirks: readonly string[] = []): ReturnType<Upstream['run']> {
  const base = testEndpoint({ upstreamId, quirks })
  const endpoint: Endpoint = { ...base, provider: { ...base.provider, dialect, auth: 'none', project: 'p', region: 'us-east5', baseUrl: `http://127.0.0.1:${server.port}` } }
  const upstream = new Upstream({ dialects: DIALECTS, clock: systemClock, egress: new Egress({ clock: systemClock, privateAllowed: true }) })
  const call: Call = { ...testCall({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: link() } }] }] }), ...change }
  return upstream.run(call, endpoint, new AbortController().signal)
}

const link = () => `http://127.0.0.1:${server.port}/a.gif`

describe('what a provider is told of a link', () => {
  const content = [['gemini', 'gemini-2.5-flash'], ['bedrock-converse', 'amazon.nova-pro-v1:0'], ['bedrock-converse', 'anthropic.claude-sonnet-4-5-v1:0'], ['vertex', 'claude-sonnet-4-5@20250929']] as const
  for (const [dialect, model] of content) {
    test(`${dialect}, ${model}: its content`, async () => {
      await tell(dialect, model)
      expect([told.includes(GIF), told.includes(link()), fetches]).toEqual([true, false, 1])
    })
  }

  const address = [['openai-chat', 'gpt-5'], ['anthropic-messages', 'claude-sonnet-4-5'], ['vertex', 'gemini-2.5-flash'], ['vertex', 'meta/llama-4']] as const
  for (const [dialect, model] of address) {
    test(`${dialect}, ${model}: its address`, async () => {
      await tell(dialect, model)
      expect([told.includes(GIF), told.includes(link()), fetches]).toEqual([false, true, 0])
    })
  }

  test('Claude on Bedrock, by a client that speaks Messages: its content, in the words of Messages', async () => {
    await tell('bedrock-converse', 'anthropic.claude-sonnet-4-5-v1:0', { dialect: 'anthropic-messages', native: { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: link() } }] }] } })
    expect(parseObject(told)?.['messages']).toEqual([{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/gif', data: GIF } }] }])
    expect(fetches).toBe(1)
  })

  test('Gemini, by a client that speaks it: what the client said', async () => {
    await tell('gemini', 'gemini-2.5-flash', { dialect: 'gemini', native: { contents: [{ role: 'user', parts: [{ fileData: { fileUri: link(), mimeType: 'image/gif' } }] }] } })
    expect([told.includes(link()), fetches]).toEqual([true, 0])
  })

  for (const dialect of ['openai-chat', 'openai-responses', 'anthropic-messages'] as const) {
    test(`${dialect}, of a server that fetches no links: its content`, async () => {
      await tell(dialect, 'tiny', {}, ['no_links'])
      expect([told.includes(GIF), told.includes(link()), fetches]).toEqual([true, false, 1])
    })
  }

  test('by a client that speaks Responses, to a server that fetches no links: the content, in the words of Responses', async () => {
    const items = (url: string, file: JsonObject): JsonObject[] => [
      { type: 'message', role: 'user', content: [{ type: 'input_image', image_url: url, detail: 'low' }, { type: 'input_file', ...file }, { type: 'input_text', text: 'What is it?' }] },
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: url }] }, { type: 'function_call_output', call_id: 'd', output: 'text' },
    ]
    const call = readResponses({ model: 'm', input: items(link(), { file_url: `${link()}?v=1` }) }, { id: 'gen-1-test', createdMs: 1, headers: {}, bodyBytes: 9 })
    await tell('openai-responses', 'tiny', call, ['no_links'])
    const data = `data:image/gif;base64,${GIF}`
    expect(parseObject(told)?.['input']).toEqual(items(data, { filename: 'a.gif', file_data: data }))
  })
})

describe('what Gemini is told of a video', () => {
  const video = (url: string) => testCall({ messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url } }] }] })
  const on = (path: string) => `http://127.0.0.1:${server.port}/${path}`
  const partOf = () => asObject((asArray(asObject((asArray(parseObject(told)?.['contents']) ?? [])[0])?.['parts']) ?? [])[0])

  test('by an address of anywhere: its content, as the bytes show it or the server says', async () => {
    await tell('gemini', 'gemini-2.5-flash', video(on('a.mp4')))
    expect(partOf()).toEqual({ inlineData: { mimeType: 'video/mp4', data: MP4.toString('base64') } })
    await tell('gemini', 'gemini-2.5-flash', video(on('a.flv')))
    expect(partOf()).toMatchObject({ inlineData: { mimeType: 'video/x-flv' } })
  })

  test('on YouTube: the address', async () => {
    await tell('gemini', 'gemini-2.5-flash', video('https://www.youtube.com/watch?v=abc'))
    expect([partOf(), fetches]).toEqual([{ fileData: { fileUri: 'https://www.youtube.com/watch?v=abc' } }, 0])
  })

  test('that is none: nothing, and the client why', async () => {
    await expect(run('gemini', 'gemini-2.5-flash', video(on('a.gif'))).next()).rejects.toThrow(/is not a video but image\/gif/)
    expect(told).toBe('')
  })
})
