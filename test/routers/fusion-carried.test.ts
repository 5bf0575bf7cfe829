import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { saysAnthropic } from '../clients/says-anthropic.ts'
import { saysGemini } from '../clients/says-gemini.ts'
import { saysOpenai } from '../clients/says-openai.ts'
import { saysResponses } from '../clients/says-responses.ts'
import { startScripted, type ScriptedProvider } from '../clients/scripted.ts'
import { BILLED, type Speech } from '../clients/turn.ts'
import { startGateway, type Gateway } from '../server.ts'

setDefaultTimeout(120_000)

/** Clients whose own dialect the one who writes speaks, so that its answer is carried through as it comes. All prices are one dollar a million tokens. */
const SIDES = [
  { dialect: 'openai-chat', speech: saysOpenai, path: '/api/v1/chat/completions', body: { messages: [{ role: 'user', content: 'Why?' }] } },
  { dialect: 'anthropic-messages', speech: saysAnthropic, path: '/api/v1/messages', body: { max_tokens: 500, messages: [{ role: 'user', content: 'Why?' }] } },
  { dialect: 'openai-responses', speech: saysResponses, path: '/api/v1/responses', body: { input: 'Why?' } },
  { dialect: 'gemini', speech: saysGemini, path: '/v1beta/models/openrouter/fusion:', body: { contents: [{ role: 'user', parts: [{ text: 'Why?' }] }] } },
] as const satisfies readonly { dialect: string; speech: Speech; path: string; body: object }[]

const SAID = 'Short waves are scattered most.'
const COST_NANO = 3 * (BILLED.prompt + BILLED.completion) * 1_000

describe.each(SIDES)('C53: written by who speaks $dialect, as the client does', ({ dialect, speech, path, body }) => {
  let provider: ScriptedProvider
  let gateway: Gateway
  beforeAll(async () => {
    provider = await startScripted(speech)
    const model = (id: string) => `{ id: acme/${id}, upstream_id: ${id}, context: 100000, max_output: 8000, price: { input: "1", output: "1" } }`
    gateway = await startGateway({ config: `
routers: { fusion: { analysis_models: [acme/one, acme/two], model: acme/judge } }
providers:
  acme: { dialect: ${dialect}, base_url: "${provider.url}", api_key: k, models: [${model('one')}, ${model('two')}, ${model('judge')}] }
` })
  })
  afterAll(async () => {
    await gateway.stop()
    await provider.stop()
  })

  test.each([false, true])('streamed: %p', async (stream) => {
    provider.play({ text: SAID })
    const isGemini = dialect === 'gemini'
    const url = `${gateway.url}${path}${isGemini ? (stream ? 'streamGenerateContent?alt=sse' : 'generateContent') : ''}`
    const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' }, body: JSON.stringify(isGemini ? body : { model: 'openrouter/fusion', stream, ...body }) })
    const text = await response.text()
    expect({ status: response.status, text }).toMatchObject({ status: 200 })
    expect(provider.seen().flatMap(({ problems }) => problems)).toEqual([])
    expect(provider.seen()).toHaveLength(3)
    expect(text).toContain('acme/judge')
    expect(text).toContain('Short')
    const costs = text.match(/"cost":([\d.e-]+)/g)?.map((found) => Math.round(Number(found.slice(7)) * 1e9)) ?? []
    expect(costs.at(-1)).toBe(COST_NANO)
  })
})
