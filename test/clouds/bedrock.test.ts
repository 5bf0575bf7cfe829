import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { eventBytes, exceptionBytes } from '../../src/lib/event-stream.fixture.ts'
import { startGateway, type Gateway } from '../server.ts'
import { AWS, eventStream, invokeStream, startBedrock } from './aws.ts'
import { CLAUDE_EVENTS, CLAUDE_MESSAGE } from './claude.ts'

const USAGE = { inputTokens: 20, outputTokens: 4, totalTokens: 24 }
const ARN = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/mi1dadi0g15f'

const bedrock = startBedrock((path) => {
  if (path.endsWith('/converse')) return Response.json({ output: { message: { role: 'assistant', content: [{ text: 'Hello.' }] } }, stopReason: 'end_turn', usage: USAGE, metrics: { latencyMs: 1 } })
  if (path.endsWith('/invoke')) return Response.json(CLAUDE_MESSAGE)
  if (path.endsWith('/invoke-with-response-stream')) return invokeStream(CLAUDE_EVENTS)
  const start = [eventBytes('messageStart', { role: 'assistant' }), eventBytes('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hel' } })]
  if (path.includes('throttled')) return eventStream([exceptionBytes('throttlingException', { message: 'Too many requests, please wait before trying again.' })])
  if (path.includes('breaks')) return eventStream([...start, exceptionBytes('modelStreamErrorException', { message: 'The system encountered an unexpected error' })])
  if (path.includes('spoilt')) return eventStream([...start, Buffer.concat(start).fill(7, 60, 70)])
  if (path.includes('cut')) return eventStream([...start, eventBytes('messageStop', { stopReason: 'end_turn' }).subarray(0, 40)])
  return eventStream([...start, eventBytes('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'lo.' }, p: 'abc' }), eventBytes('contentBlockStop', { contentBlockIndex: 0 }), eventBytes('messageStop', { stopReason: 'end_turn' }), eventBytes('metadata', { usage: USAGE })])
})

const MODELS = (author: string) => `
    models:
      - { id: ${author}/nova, upstream_id: "us.amazon.nova-micro-v1:0", price: { input: "1", output: "4" } }
      - { id: ${author}/claude, upstream_id: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", price: { input: "1", output: "4" } }
      - { id: ${author}/profile, upstream_id: "${ARN}", price: { input: "1", output: "4" } }
      - { id: ${author}/throttled, upstream_id: throttled, price: { input: "1", output: "4" } }
      - { id: ${author}/breaks, upstream_id: breaks, price: { input: "1", output: "4" } }
      - { id: ${author}/spoilt, upstream_id: spoilt, price: { input: "1", output: "4" } }
      - { id: ${author}/cut, upstream_id: cut, price: { input: "1", output: "4" } }`

const CONFIG = `
providers:
  signed:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    access_key_id: ${AWS.accessKeyId}
    secret_access_key: ${AWS.secretAccessKey}
    region: ${AWS.region}${MODELS('signed')}
  session:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    access_key_id: ${AWS.accessKeyId}
    secret_access_key: ${AWS.secretAccessKey}
    session_token: ${AWS.sessionToken}
    region: ${AWS.region}${MODELS('session')}
  keyed:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    api_key: ${AWS.bearer}
    region: ${AWS.region}${MODELS('keyed')}
  as-text:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    api_key: '{"accessKeyId":"${AWS.accessKeyId}","secretAccessKey":"${AWS.secretAccessKey}","region":"${AWS.region}"}'${MODELS('as-text')}
  wrong:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    access_key_id: ${AWS.accessKeyId}
    secret_access_key: not-the-secret
    region: ${AWS.region}${MODELS('wrong')}
  elsewhere:
    dialect: bedrock-converse
    base_url: ${bedrock.url}
    access_key_id: ${AWS.accessKeyId}
    secret_access_key: ${AWS.secretAccessKey}
    region: us-west-2${MODELS('elsewhere')}
`

let gateway: Gateway
beforeAll(async () => { gateway = await startGateway({ config: CONFIG }) }, 60_000)
afterAll(async () => {
  await gateway?.stop()
  await bedrock.stop()
})

const messages = [{ role: 'user', content: 'Grüß Gott, “you” ✓' }]
const chat = (model: string, more: object = {}) => gateway.api('/chat/completions', { model, messages, ...more })

describe('Bedrock lets in', () => {
  for (const who of ['signed', 'session', 'keyed', 'as-text']) {
    for (const stream of [false, true]) {
      test(`${who}, ${stream ? 'streamed' : 'whole'}`, async () => {
        const response = await chat(`${who}/nova`, { stream })
        const text = await response.text()
        expect({ status: response.status, text }).toMatchObject({ status: 200 })
        expect(text).toContain(stream ? 'data: [DONE]' : '"content":"Hello."')
        expect(text).toContain('"prompt_tokens":20')
      })
    }
  }

  test('a model named by an ARN, whose path is signed as it is sent', async () => {
    const response = await chat('signed/profile')
    expect(response.status).toBe(200)
    expect(bedrock.seen.at(-1)?.path).toBe(`/model/${encodeURIComponent(ARN)}/converse`)
  })
})

describe('Bedrock refuses', () => {
  for (const who of ['wrong', 'elsewhere']) {
    test(`${who}: the client is told whose fault it is, and nothing of AWS's words`, async () => {
      const response = await chat(`${who}/nova`)
      const text = await response.text()
      expect(response.status).toBe(502)
      expect(text).toContain("refused this server's credential")
      expect(text).not.toMatch(/calculated|scoped|AKIA/i)
    })
  }
})

describe('a stream of Bedrock', () => {
  test('that begins with an exception is an error with its status', async () => {
    const response = await chat('signed/throttled', { stream: true })
    expect(response.status).toBe(429)
    expect(await response.text()).toContain('Too many requests')
  })

  test('whose bytes are spoilt is no answer', async () => {
    const response = await chat('signed/spoilt', { stream: true })
    expect(response.status).toBe(502)
    expect(await response.text()).toContain('a frame of the event stream has a wrong checksum')
  })

  for (const [model, says] of [['breaks', 'unexpected error'], ['cut', 'before its end']] as const) {
    test(`that ${model} is said in the stream, and never ends as if it were complete`, async () => {
      const text = await (await chat(`signed/${model}`, { stream: true })).text()
      expect(text).toContain('"content":"Hel"')
      expect(text).toContain(says)
      expect(text).toContain('"finish_reason":"error"')
    })
  }
})

describe('a client of Messages has its request to Claude passed on by InvokeModel', () => {
  const sent = { model: 'signed/claude', max_tokens: 100, system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }], messages, metadata: { user_id: 'u' }, something_new: { a: 1 } }

  for (const stream of [false, true]) {
    test(stream ? 'streamed' : 'whole', async () => {
      const response = await gateway.api('/messages', { ...sent, stream }, { headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'context-1m-2025-08-07' } })
      const text = await response.text()
      expect({ status: response.status, text }).toMatchObject({ status: 200 })
      expect(text).toContain(stream ? '"text":"the cloud."' : '"text":"Hello from the cloud."')
      const { path, body } = bedrock.seen.at(-1) ?? { path: '', body: {} }
      expect(path).toBe(`/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke${stream ? '-with-response-stream' : ''}`)
      expect(body).toMatchObject({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, system: sent.system, something_new: { a: 1 } })
      expect(body).not.toHaveProperty('model')
      expect(body).not.toHaveProperty('stream')
    })
  }

  test('and one of chat goes by Converse', async () => {
    expect((await chat('signed/claude')).status).toBe(200)
    expect(bedrock.seen.at(-1)?.path).toEndWith('/converse')
  })
})

test('the process lives', () => expect(gateway.isAlive()).toBe(true))
