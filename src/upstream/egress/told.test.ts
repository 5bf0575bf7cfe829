import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { Call, DialectName } from '../../core/call.ts'
import { parseObject } from '../../core/json.ts'
import { anthropicMessages } from '../../dialects/anthropic-messages/anthropic-messages.ts'
import { bedrockConverse } from '../../dialects/bedrock-converse/bedrock-converse.ts'
import type { ProviderDialect } from '../../dialects/dialect.ts'
import { gemini } from '../../dialects/gemini/gemini.ts'
import { testCall, testEndpoint } from '../../dialects/openai-chat/fixtures.test-support.ts'
import { openaiChat } from '../../dialects/openai-chat/openai-chat.ts'
import { vertex } from '../../dialects/vertex/vertex.ts'
import { systemClock } from '../../lib/clock.ts'
import { Upstream } from '../upstream.ts'
import { Egress } from './egress.ts'

const GIF = 'R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
const DIALECTS = new Map<DialectName, ProviderDialect>([['openai-chat', openaiChat], ['anthropic-messages', anthropicMessages], ['gemini', gemini], ['vertex', vertex], ['bedrock-converse', bedrockConverse]])
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
    return new Response(Buffer.from(GIF, 'base64'))
  } })
})
afterAll(async () => await server.stop(true))
beforeEach(() => {
  fetches = 0
  told = ''
})

async function tell(dialect: DialectName, upstreamId: string, change: Partial<Call> = {}): Promise<void> {
  const base = testEndpoint({ upstreamId })
  const endpoint: Endpoint = { ...base, provider: { ...base.provider, dialect, auth: 'none', project: 'p', region: 'us-east5', baseUrl: `http://127.0.0.1:${server.port}` } }
  const upstream = new Upstream({ dialects: DIALECTS, clock: systemClock, egress: new Egress({ clock: systemClock, privateAllowed: true }) })
  const call: Call = { ...testCall({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: link() } }] }] }), ...change }
  const events = upstream.run(call, endpoint, new AbortController().signal)
  await expect(events.next()).rejects.toThrow('enough')
  expect(parseObject(told)).toBeDefined()
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
})
